"""The readers on real images in their official layouts: parts of CUB and SUN397, all of Scene15."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.common.images import open_rgb
from pipeline_lib.data.transfer.birds import read_cub
from pipeline_lib.data.transfer.folders import read_scene15
from pipeline_lib.data.transfer.lists import read_sun397
from pipeline_lib.data.transfer.sets import split_spec


@pytest.fixture(scope="module")
def birds(real_data):
    return read_cub(real_data / "CUB_200_2011", split_spec("cub"))


@pytest.fixture(scope="module")
def joined(real_data):
    """CUB's tables, read and joined by pandas."""
    tables = {
        "images": ["name"],
        "image_class_labels": ["class_id"],
        "train_test_split": ["train"],
        "bounding_boxes": ["x", "y", "w", "h"],
    }
    frames = [
        pd.read_csv(
            real_data / "CUB_200_2011" / f"{table}.txt", sep=" ", names=["id", *names]
        ).set_index("id")
        for table, names in tables.items()
    ]
    return pd.concat(frames, axis=1)


def test_birds_and_their_boxes_are_the_tables(birds, joined):
    assert [row[0] for row in birds.images] == list(joined["name"])
    assert len(birds.images) == 543
    assert [row[2] for row in birds.images] == [name.split("/")[0] for name in joined["name"]]
    boxes = np.array([row[2:] for row in birds.boxes])
    corners = joined[["x", "y", "w", "h"]].to_numpy(float)
    corners[:, 2:] += corners[:, :2]
    assert (boxes == corners).all()
    sizes = np.array([row[3:5] for row in birds.images])
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= sizes + 1).all()  # one reaches a pixel over the border
    assert ((boxes[:, 2:] > sizes).any(axis=1)).sum() == 1


def test_the_birds_split_is_the_official_one(birds, joined):
    for subset, flag in (("train", 1), ("test", 0)):
        listed = set(joined.loc[joined["train"] == flag, "name"])
        assert {row[2] for row in birds.splits if row[1] == subset} == listed
    assert birds.summary.notes == [
        "543 images and 10 classes found instead of 11,788 and 200.",
        "A split trains on 300 images instead of 5,994 and tests on 243 instead of 5,794.",
    ]


def test_species_have_the_ids_of_the_class_table(birds, joined):
    assert [number for _, number, _ in birds.classes] == sorted(set(joined["class_id"]))
    assert birds.classes[0] == ("001.Black_footed_Albatross", 1, "Black footed Albatross")


def test_the_sizes_of_birds_are_those_of_the_decoded_images(real_data, birds):
    for _, path, _, width, height, _ in birds.images[::50]:
        assert open_rgb(real_data / "CUB_200_2011" / path, "stored").size == (width, height)


def test_scene15_is_whole_and_split_as_in_the_paper(real_data):
    root = real_data / "scene_categories"
    image_set = read_scene15(root, split_spec("scene15"))
    assert {row[1] for row in image_set.images} == {
        path.relative_to(root).as_posix() for path in root.rglob("*.jpg")
    }
    assert image_set.summary.notes == []
    splits = pd.DataFrame(image_set.splits, columns=["split", "subset", "image_id", "label"])
    assert list(splits["split"].unique()) == [str(number) for number in range(1, 11)]
    for _, split in splits.groupby("split"):
        assert sorted(split["image_id"]) == sorted(row[0] for row in image_set.images)
        trained = split[split["subset"] == "train"]
        assert dict(trained["label"].value_counts()) == {row[0]: 50 for row in image_set.classes}


def test_the_partition_of_sun397_that_is_there_is_read(real_data):
    root = real_data / "SUN397"
    image_set = read_sun397(root, split_spec("sun397"))
    for subset, file in (("train", "Training_01.txt"), ("test", "Testing_01.txt")):
        lines = (root / "Partitions" / file).read_text().split()
        listed = [row[2] for row in image_set.splits if row[:2] == ("1", subset)]
        assert [f"/{image}" for image in listed] == lines
    assert {row[0] for row in image_set.splits} == {"1"}
    assert {row[0] for row in image_set.classes} == {
        path.name for path in root.glob("?/*") if path.is_dir()
    }
    assert image_set.summary.notes == [
        "473 images and 10 classes found instead of 108,754 and 397.",
        "1 official partition instead of 5; 4 not found.",
        "A split trains on 237 images instead of 19,850 and tests on 236 instead of 19,850.",
    ]
