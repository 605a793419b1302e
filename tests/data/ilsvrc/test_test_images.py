"""Test images: no labels, no boxes."""

import shutil

import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.ilsvrc import read_test, read_val
from tests.data.ilsvrc.devkit import (
    BLACKLIST,
    DEVKIT,
    LABELS,
    N,
    val_image,
)


def add_test_images(world, count=3):
    """Number the first train images as test images, of known sizes."""
    (world / "test").mkdir()
    for number in range(1, count + 1):
        path = world / "test" / f"ILSVRC2012_test_{number:08d}.JPEG"
        Image.new("RGB", (20 + number, 30)).save(path)


def test_test_images_have_sizes_and_neither_labels_nor_boxes(world):
    add_test_images(world)
    image_set = read_test(world)
    names = [f"ILSVRC2012_test_{number:08d}" for number in (1, 2, 3)]
    assert image_set.images == [
        (name, f"test/{name}.JPEG", "", 21 + n, 30, 0) for n, name in enumerate(names)
    ]
    assert image_set.boxes == []
    assert image_set.classes == read_val(world, N).classes
    assert (image_set.summary.found, image_set.summary.expected) == (3, None)
    assert image_set.summary.notes == image_set.summary.box_notes == []


def test_test_images_need_no_labels_no_boxes_and_no_val_images(world):
    add_test_images(world)
    before = read_test(world)
    for folder in ("val", "bbox", "train"):
        shutil.rmtree(world / folder)
    (world / LABELS).unlink()
    (world / DEVKIT / BLACKLIST).unlink()
    assert read_test(world) == before


def test_test_images_come_in_the_order_of_their_numbers_wherever_they_lie(world):
    add_test_images(world)
    before = [(row[0], row[3]) for row in read_test(world).images]
    first, second, third = sorted((world / "test").iterdir())
    for part, path in (("z", first), ("a", third)):
        (world / "test" / part).mkdir()
        path.rename(world / "test" / part / path.name)
    second.rename(second.with_suffix(".jpg"))
    shutil.copy(val_image(world, 1), world / "test")  # strays are left alone
    (world / "test" / "readme.txt").touch()
    image_set = read_test(world)
    assert [(row[0], row[3]) for row in image_set.images] == before
    assert all((world / row[1]).is_file() for row in image_set.images)


def test_val_does_not_see_test_images(world):
    before = read_val(world, N)
    add_test_images(world)
    for path in sorted((world / "test").iterdir()):
        shutil.copy(path, world / "val")
    assert read_val(world, N) == before


@pytest.mark.parametrize("strays", [[], ["holiday.JPEG"], ["ILSVRC2012_val_00000001.JPEG"]])
def test_a_folder_without_a_test_image_is_refused(world, strays):
    (world / "test").mkdir()
    for name in strays:
        (world / "test" / name).touch()
    with pytest.raises(InputError, match=f"{world / 'test'}: no image named ILSVRC2012_test_"):
        read_test(world)


def test_a_test_image_that_is_none_is_refused_by_name(world):
    add_test_images(world)
    (world / "test" / "ILSVRC2012_test_00000002.JPEG").write_bytes(b"")
    with pytest.raises(InputError, match="ILSVRC2012_test_00000002"):
        read_test(world)
