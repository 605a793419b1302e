"""A sample of each class, in the order of a random number generator, to train and to test."""

import pandas as pd
import pytest

from pipeline_lib.data.manifest import (
    IMAGE_COLUMNS,
    SPLIT_COLUMNS,
    read_csv,
    read_images,
    write_rows,
)
from pipeline_lib.steps.transfer import sample_images

COUNTS = {"n1": 2, "n2": 7, "n3": 40, "": 5}  # images of each class; some without a label


@pytest.fixture
def folder(tmp_path):
    rows = [
        (f"{label}_{n}", f"{n}.jpg", label, 8, 8, 0)
        for label, k in COUNTS.items()
        for n in range(k)
    ]
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, rows)
    return tmp_path


def run(folder, count, seed=0, out="few"):
    flags = {"images": "images.csv", "out": f"{out}.csv", "splits": f"{out}-splits.csv"}
    argv = [word for flag, name in flags.items() for word in (f"--{flag}", str(folder / name))]
    return sample_images.main([*argv, "--head-images", str(count), "--seed", str(seed)])


def splits(folder, out="few"):
    return read_csv(folder / f"{out}-splits.csv", SPLIT_COLUMNS)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (2, {"n1": (1, 1), "n2": (2, 1), "n3": (2, 1)}),
        (10, {"n1": (1, 1), "n2": (6, 1), "n3": (10, 2)}),
        (50, {"n1": (1, 1), "n2": (6, 1), "n3": (34, 6)}),
    ],
)
def test_each_class_has_so_many_to_train_and_a_fifth_more_to_test(folder, count, expected):
    assert run(folder, count) == 0
    table = splits(folder)
    counted = pd.crosstab(table["label"], table["subset"])
    assert {label: (row["train"], row["test"]) for label, row in counted.iterrows()} == expected
    assert table["image_id"].is_unique
    assert read_images(folder / "few.csv")["image_id"].tolist() == table["image_id"].tolist()


def test_the_seed_decides_alone(folder):
    for seed, out in ((1, "a"), (1, "b"), (2, "c")):
        assert run(folder, 5, seed, out) == 0
    assert splits(folder, "a").equals(splits(folder, "b"))
    assert not splits(folder, "a").equals(splits(folder, "c"))


def test_a_class_of_one_image_is_one_line(folder, capsys):
    write_rows(folder / "images.csv", IMAGE_COLUMNS, [("a", "a.jpg", "n9", 8, 8, 0)])
    assert run(folder, 5) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "class n9: has one image" in line
    assert not (folder / "few.csv").exists()
