"""Masks as files, and the rows that name them."""

import numpy as np
import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import MASK_COLUMNS, write_rows
from pipeline_lib.data.masks import MaskFiles, read_mask, read_mask_table, read_masks

SIZE = (40, 30)
LEFT = np.zeros(SIZE[::-1], np.uint8)
LEFT[:, :10] = 255


def written(path, values, mode="L"):
    image = Image.fromarray(values)
    if mode == "P":
        image = image.point(lambda value: value > 0)  # indices 0 and 1
        image = Image.fromarray(np.asarray(image).astype(np.uint8), "L").convert("P")
        image.putpalette([0, 0, 0, 255, 255, 255])
    elif mode == "LA":
        image = Image.merge("LA", [image, Image.new("L", image.size, 7)])
    else:
        image = image.convert(mode)
    image.save(path)
    return path


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB"])
def test_a_mask_is_read_in_every_mode(tmp_path, mode):
    path = written(tmp_path / "mask.png", LEFT, mode)
    with Image.open(path) as image:
        assert image.mode == mode
    mask = read_mask(path, SIZE, SIZE)
    assert mask.dtype == bool
    assert (mask == (LEFT > 0)).all()


def test_a_pixel_of_more_than_half_of_the_annotators_is_the_objects(tmp_path):
    votes = np.array([[0, 51, 102, 127, 128, 153, 204, 255]], np.uint8)
    mask = read_mask(written(tmp_path / "votes.png", votes), (8, 1), (8, 1))
    assert mask.tolist() == [[False] * 4 + [True] * 4]


@pytest.mark.parametrize("own", [(40, 30), (80, 60), (1000, 750), (13, 10)])
def test_a_mask_of_any_size_with_the_images_aspect_is_resized_to_the_nearest_pixel(tmp_path, own):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 2, own[::-1], dtype=np.uint8) * 255
    mask = read_mask(written(tmp_path / "mask.png", values), SIZE, (224, 224))
    rows, columns = (np.arange(224) * side // 224 for side in values.shape)
    assert (mask == (values[np.ix_(rows, columns)] > 0)).all()


@pytest.mark.parametrize("own", [(30, 40), (40, 40), (224, 224)])
def test_a_mask_of_another_aspect_is_refused(tmp_path, own):
    path = written(tmp_path / "mask.png", np.zeros(own[::-1], np.uint8))
    sizes = f"of {own[0]}x{own[1]} pixels for an image of 40x30; one is wrong"
    with pytest.raises(InputError, match=sizes) as raised:
        read_mask(path, SIZE, (224, 224))
    assert str(raised.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "not found; fetch it again"),
        (lambda path: path.write_bytes(b"no mask"), "no mask that can be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:60]), "no mask that can be read"),
        (
            lambda path: Image.fromarray(np.zeros((30, 40), np.uint16)).save(path),
            "its pixels are of mode I;16",
        ),
    ],
)
def test_a_mask_that_cannot_be_used_is_refused_in_one_line(tmp_path, spoil, words):
    rng = np.random.default_rng(1)
    path = written(tmp_path / "mask.png", rng.integers(0, 256, SIZE[::-1], dtype=np.uint8))
    spoil(path)
    with pytest.raises(InputError, match=words) as raised:
        read_mask(path, SIZE, SIZE)
    (line,) = str(raised.value).splitlines()
    assert line.count(str(path)) == 1


def test_the_masks_of_an_image_are_united_and_what_is_ignored_stays_apart(tmp_path):
    right = LEFT[:, ::-1].copy()
    written(tmp_path / "left.png", LEFT)
    written(tmp_path / "right.png", right, "1")
    written(tmp_path / "ignore.png", 255 - right)
    rows = [
        ("00", "left.png", "ignore.png"),
        ("1", "left.png", ""),
        ("00", "right.png", ""),
    ]
    write_rows(tmp_path / "masks.csv", MASK_COLUMNS, rows)
    files = read_mask_table(tmp_path / "masks.csv", tmp_path)
    left, ignore = tmp_path / "left.png", tmp_path / "ignore.png"
    assert files == {
        "00": MaskFiles((left, tmp_path / "right.png"), (ignore,)),
        "1": MaskFiles((left,), ()),
    }
    mask, ignored = read_masks(files["00"], SIZE, SIZE)
    assert (mask == ((LEFT > 0) | (right > 0))).all()
    assert (ignored == (right == 0)).all()
    _, ignored = read_masks(files["1"], SIZE, (224, 224))
    assert ignored.shape == (224, 224)
    assert not ignored.any()


def test_a_set_without_masks_has_none(tmp_path):
    write_rows(tmp_path / "masks.csv", MASK_COLUMNS, [])
    assert read_mask_table(tmp_path / "masks.csv", tmp_path) == {}
