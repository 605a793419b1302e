from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.transfer.sets import split_spec
from pipeline_lib.data.transfer.splits import official_split, random_splits, shuffled


def world(**sizes):
    return {label: [f"{label}/{i}.jpg" for i in range(size)] for label, size in sizes.items()}


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=5),
    train=st.integers(1, 8),
    test=st.none() | st.integers(1, 8),
    splits=st.integers(1, 3),
    seed=st.integers(0, 2**32),
)
def test_subsets_are_disjoint_and_as_large_as_can_be(sizes, train, test, splits, seed):
    images_of = world(**{f"c{i}": size for i, size in enumerate(sizes)})
    spec = split_spec("caltech101", train=train, test=test, splits=splits, seed=seed)
    if max(sizes) == 1:
        with pytest.raises(InputError, match="Caltech101"):
            random_splits(images_of, spec)
        return
    rows, stated = random_splits(images_of, spec)
    assert len(set(rows)) == len(rows)
    for split in map(str, range(1, splits + 1)):
        for label, images in images_of.items():
            mine = [row for row in rows if row[0] == split and row[3] == label]
            subsets = {
                subset: {row[2] for row in mine if row[1] == subset} for subset in ("train", "test")
            }
            assert subsets["train"].isdisjoint(subsets["test"])
            assert subsets["train"] | subsets["test"] <= set(images)
            counts = (len(subsets["train"]), len(subsets["test"]))
            assert counts == stated[label]
            if len(images) == 1:
                assert counts == (0, 0)
            else:
                assert counts[0] == (train if len(images) > train else len(images) - 1)
                rest = len(images) - counts[0]
                assert counts[1] == (rest if test is None else min(test, rest))


def test_the_same_seed_gives_the_same_splits_and_others_do_not():
    images_of = world(a=40, b=40)
    by_seed = [
        random_splits(images_of, split_spec("scene15", train=10, splits=3, seed=seed))[0]
        for seed in (4, 4, 5)
    ]
    assert by_seed[0] == by_seed[1]
    assert by_seed[0] != by_seed[2]
    trains = [
        frozenset(row[2] for row in by_seed[0] if row[:2] == (split, "train")) for split in "123"
    ]
    assert len(set(trains)) == 3


def test_a_class_is_split_alike_whichever_others_there_are_and_however_many_splits():
    few, _ = random_splits(world(b=30), split_spec("scene15", train=10, splits=1, seed=1))
    many, _ = random_splits(
        world(a=9, b=30, c=7), split_spec("scene15", train=10, splits=4, seed=1)
    )
    assert few == [row for row in many if row[0] == "1" and row[3] == "b"]


def test_two_classes_of_the_same_size_are_split_differently():
    rows, _ = random_splits(world(a=40, b=40), split_spec("scene15", train=20, splits=1))
    trained = [{row[2][2:] for row in rows if row[1] == "train" and row[3] == c} for c in "ab"]
    assert trained[0] != trained[1]


def test_every_image_is_drawn_equally_often():
    images = [str(i) for i in range(10)]
    counts = Counter(name for split in range(4000) for name in shuffled(images, 0, split, "c")[:3])
    # 1,200 expected, binomial with a deviation of 29
    assert np.abs(np.array([counts[name] for name in images]) - 1200).max() < 5 * 29


def test_names_are_kept_apart_where_they_meet():
    images = [str(i) for i in range(50)]
    assert shuffled(images, 0, 1, "ab", "c") != shuffled(images, 0, 1, "a", "bc")


def test_a_listed_split_keeps_its_order_and_counts_what_is_absent():
    label_of = {"a1": "a", "a2": "a", "b1": "b", "b2": "b", "other": "a"}
    listed = {"train": ["b1", "a1", "gone1"], "test": ["a2", "gone2", "b2", "a2"]}
    rows, absent = official_split("3", listed, label_of, Path("lists"))
    assert rows == [
        ("3", "train", "b1", "b"),
        ("3", "train", "a1", "a"),
        ("3", "test", "a2", "a"),
        ("3", "test", "b2", "b"),
    ]
    assert absent == {"gone1", "gone2"}


def test_a_class_with_nothing_in_one_subset_is_left_out():
    label_of = {"a1": "a", "a2": "a", "b1": "b", "c1": "c"}
    rows, absent = official_split(
        "1", {"train": ["a1", "b1"], "test": ["a2", "c1"]}, label_of, Path("lists")
    )
    assert {row[3] for row in rows} == {"a"}
    assert absent == set()


def test_an_image_in_both_subsets_is_refused():
    with pytest.raises(InputError, match="lists: a1 is in train and in test"):
        official_split("1", {"train": ["a1"], "test": ["a2", "a1"]}, {"a1": "a"}, Path("lists"))


@pytest.mark.parametrize("label_of", [{}, {"other": "a"}, {"a1": "a", "b2": "b"}])
def test_lists_of_which_nothing_is_there_are_refused(label_of):
    with pytest.raises(InputError, match="lists: no class has"):
        official_split("1", {"train": ["a1", "b1"], "test": ["a2", "b2"]}, label_of, Path("lists"))
