"""Training images: the folder is the class."""

import shutil

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.ilsvrc import read_train


def test_train_lists_every_image_under_the_class_of_its_folder(tiny_world):
    image_set = read_train(tiny_world)
    files = sorted(path.relative_to(tiny_world) for path in tiny_world.glob("train/*/*.JPEG"))
    assert len(files) == image_set.summary.found == 24
    assert sorted((row[1], row[2]) for row in image_set.images) == [
        (str(path), path.parts[1]) for path in files
    ]
    assert image_set.boxes == []


def test_train_images_may_have_other_extensions_and_other_files_are_ignored(world):
    folder = next((world / "train").iterdir())
    first = next(folder.iterdir())
    first.rename(first.with_suffix(".jpg"))
    (folder / "readme.txt").touch()
    image_set = read_train(world)
    assert len(image_set.images) == 24
    assert str(first.with_suffix(".jpg").relative_to(world)) in {row[1] for row in image_set.images}


def test_a_train_folder_of_no_known_class_is_refused(world):
    (world / "train" / "n12345678").mkdir()
    with pytest.raises(InputError, match="n12345678"):
        read_train(world)


def test_an_empty_train_folder_is_refused(world):
    shutil.rmtree(world / "train")
    with pytest.raises(InputError, match="train"):
        read_train(world)
