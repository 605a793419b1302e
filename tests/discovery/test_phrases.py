"""Phrases in captions, against counting by hand and by brute force."""

import numpy as np
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.discovery.phrases import (
    clean_phrases,
    mine_phrases,
    phrase_matrix,
    phrases_of,
    words,
)


def test_words_are_lower_case_and_without_punctuation():
    assert words("A man's well-worn hat, No. 2!") == ["a", "man's", "well-worn", "hat", "no", "2"]


def test_phrases_end_in_no_stop_word_and_stay_in_a_caption():
    found = phrases_of(["A group of people", "red fire hydrant"], 3)
    assert found == {
        *("group", "people", "group of people"),
        *("red", "fire", "hydrant", "red fire", "fire hydrant", "red fire hydrant"),
    }


def test_images_have_phrases_of_whole_words_within_one_caption():
    captions = [["A hot dog.", "stand"], ["Hot, dog stands"], ["the dog", "hot"], ["hotdog"]]
    found = phrase_matrix(captions, ["hot dog", "dog", "dog stand", "on the moon today"])
    assert found[:, 0].tolist() == [True, True, False, False]
    assert found[:, 1].tolist() == [True, True, True, False]
    assert not found[:, 2:].any()


def test_both_ways_to_find_phrases_agree():
    rng = np.random.default_rng(0)
    vocabulary = np.array(["the", "of", "dog", "cat", "tree", "red", "a"])
    captions = [[" ".join(rng.choice(vocabulary, 6)) for _ in range(2)] for _ in range(30)]
    phrases = sorted(set().union(*(phrases_of(one, 3) for one in captions)))
    found = phrase_matrix(captions, phrases)
    assert [{phrases[k] for k in np.flatnonzero(row)} for row in found] == [
        phrases_of(one, 3) for one in captions
    ]


def test_mined_phrases_are_frequent_and_specific_and_differ():
    captions = [["a white house by the sea"]] * 4 + [["a tennis racket"]] * 4
    captions += [["a photograph"]] * 11 + [["a rare bird"]]
    found = mine_phrases(captions, max_words=3, min_images=2, count=10)
    # the longest phrase stands for its words and for others of the same images
    assert found == ["tennis racket", "white house"]  # more than half have "photograph"


def test_the_most_promising_come_first_and_only_so_many():
    captions = [["dog"]] * 3 + [["cat"]] * 5 + [["sky"]] * 12
    assert mine_phrases(captions, max_words=1, min_images=3, count=9) == ["cat", "dog"]
    assert mine_phrases(captions, max_words=1, min_images=3, count=1) == ["cat"]
    assert mine_phrases(captions, max_words=1, min_images=4, count=9) == ["cat"]


def test_no_frequent_phrase_is_refused():
    with pytest.raises(InputError, match=r"5 or more of 4 images.*concepts\.min_images"):
        mine_phrases([["dog"]] * 4, max_words=2, min_images=5, count=1)


def test_given_phrases_are_cleaned_and_each_is_taken_once():
    assert clean_phrases(["View out of  window!", "view out of window", "Dog"]) == [
        "view out of window",
        "dog",
    ]
    assert clean_phrases([]) == []
    with pytest.raises(InputError, match=r"concepts\.phrases.*without a word"):
        clean_phrases(["dog", " ! "])
