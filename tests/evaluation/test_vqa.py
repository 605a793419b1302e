"""VQA's accuracy from its definition: by hand, and by leaving each person out in turn."""

import random

import pytest

from pipeline_lib.data.discovery.answer_spelling import normalised_answer
from pipeline_lib.evaluation.vqa import RIGHT, accuracy


@pytest.mark.parametrize(
    ("answer", "compared"),
    [
        ("Yes", "yes"),
        ("A  disc.", "disc"),
        ("the dog and an apple", "dog and apple"),
        ("Two", "2"),
        ("ten thousand", "10 thousand"),
        ("none", "0"),
        ("100,978", "100978"),
        ("red, white", "red white"),
        ("red,white", "red white"),
        ("2.5", "2.5"),
        ("U.S.", "us"),
        ("2:50 pm", "2:50 pm"),
        ("girl's", "girl's"),
        ("dont know", "don't know"),
        ("Can't", "can't"),
        ("black-and-white!", "black and white"),
        ("(maybe)?", "maybe"),
        ("\ton\n wall ", "on wall"),
        ("anthem", "anthem"),
        ("its", "its"),
        ("well", "well"),
        ("50%", "50%"),
    ],
)
def test_spelling_is_normalised_as_published(answer, compared):
    assert normalised_answer(answer) == compared
    assert normalised_answer(compared) == compared


@pytest.mark.parametrize(
    ("matches", "expected"), [(0, 0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1), (7, 1), (10, 1)]
)
def test_golden_accuracies_of_ten_people(matches, expected):
    given = ["Two"] * matches + ["red"] * (10 - matches)
    assert accuracy("2", given) == pytest.approx(expected)
    assert (accuracy("2", given) >= RIGHT) == (matches >= 3)


def test_it_is_the_mean_over_the_sets_that_leave_one_out():
    chance = random.Random(0)
    for _ in range(200):
        given = [chance.choice(["a cat", "cat", "Cat.", "dog", "3", "three"]) for _ in range(10)]
        for answer in ("cat", "3"):
            notes = []
            for out in range(10):
                others = given[:out] + given[out + 1 :]
                same = {"cat": ("a cat", "cat", "Cat."), "3": ("3", "three")}[answer]
                notes.append(min(1, sum(other in same for other in others) / 3))
            assert accuracy(answer, given) == pytest.approx(sum(notes) / 10)
