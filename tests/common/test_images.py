import os
import random
from functools import partial

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import SHOWN, STORED, UnreadableImage, open_rgb, read_header, warp
from tests.data.spoiled import READABLE, UNREADABLE, is_readable_by_pillow

READERS = [partial(open_rgb, view=STORED), partial(open_rgb, view=SHOWN), read_header]


@pytest.fixture
def photograph():
    y, x = np.mgrid[0:40, 0:60]
    pixels = np.stack([x * 4, y * 6, 255 - x * 2 - y], axis=-1).astype(np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_truncated_jpeg_is_refused_by_name(tmp_path, photograph, part):
    photograph.save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(InputError, match=r"half\.jpg") as caught:
        open_rgb(tmp_path / "half.jpg", STORED)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n"])
@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_image_is_refused_by_name(tmp_path, content, reader):
    (tmp_path / "odd.jpg").write_bytes(content)
    with pytest.raises(InputError, match=r"odd\.jpg"):
        reader(tmp_path / "odd.jpg")


@pytest.mark.parametrize("reader", READERS)
def test_a_missing_image_is_refused_by_name(tmp_path, reader):
    with pytest.raises(InputError, match=r"absent\.jpg"):
        reader(tmp_path / "absent.jpg")


def test_gray_becomes_three_equal_channels(tmp_path, photograph):
    gray = photograph.convert("L")
    gray.save(tmp_path / "gray.png")
    pixels = np.asarray(open_rgb(tmp_path / "gray.png", STORED))
    assert pixels.shape == (40, 60, 3)
    assert (pixels == np.asarray(gray)[..., None]).all()


def test_cmyk_becomes_rgb_of_about_the_same_colours(tmp_path, photograph):
    photograph.convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    opened = open_rgb(tmp_path / "print.jpg", STORED)
    assert opened.mode == "RGB"
    difference = np.asarray(opened).astype(int) - np.asarray(photograph)
    assert np.abs(difference).mean() < 8


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP"])
def test_the_format_is_told_by_content_and_not_by_name(tmp_path, kind):
    plain = Image.new("RGB", (7, 5), (10, 200, 30))
    plain.save(tmp_path / "photo.jpg", kind)
    pixels = np.asarray(open_rgb(tmp_path / "photo.jpg", STORED)).astype(int)
    assert np.abs(pixels - (10, 200, 30)).max() <= 4
    assert read_header(tmp_path / "photo.jpg").stored == (7, 5)


def test_warping_fills_the_whole_target_whatever_the_aspect(photograph):
    warped = warp(photograph, 30, 50)
    assert warped.shape == (50, 30, 3)
    assert warped.dtype == np.uint8
    # the red ramp runs along x and the green one along y, as in the original
    x, y = (np.arange(30) + 0.5) * 2 - 0.5, (np.arange(50) + 0.5) * 0.8 - 0.5
    inner = slice(4, -4)
    assert np.abs(warped[25, inner, 0] - 4 * x[inner]).max() < 3
    assert np.abs(warped[inner, 15, 1] - 6 * y[inner]).max() < 3


@pytest.mark.parametrize("kind", [*READABLE, *UNREADABLE])
def test_what_pillow_cannot_decode_is_refused_by_name_with_what_to_do(tmp_path, kind):
    path = tmp_path / "photo.jpg"
    path.write_bytes((READABLE | UNREADABLE)[kind])
    assert is_readable_by_pillow(path) == (kind in READABLE)
    if kind in READABLE:
        assert open_rgb(path, STORED).mode == "RGB"
        return
    with pytest.raises(UnreadableImage) as caught:
        open_rgb(path, STORED)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "images.unreadable: skip" in message
    assert "\n" not in message


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"])
@pytest.mark.filterwarnings("ignore")
def test_bytes_changed_at_random_get_pillows_verdict(tmp_path, photograph, kind):
    path, rng = tmp_path / "photo.jpg", random.Random(kind)
    photograph.save(path, kind)
    whole, verdicts = path.read_bytes(), []
    for _ in range(60):
        content = bytearray(whole)
        for _ in range(rng.choice((1, 3, 20))):
            content[rng.randrange(min(len(content), rng.choice((64, len(whole)))))] = rng.randrange(
                256
            )
        path.write_bytes(content[: rng.choice((len(whole), rng.randrange(len(whole))))])
        verdicts.append(is_readable_by_pillow(path))
        if verdicts[-1]:
            open_rgb(path, STORED)
        else:
            with pytest.raises(UnreadableImage) as caught:
                open_rgb(path, STORED)
            assert "\n" not in str(caught.value)
    assert 0 < sum(verdicts) < 60


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_keep_their_picture(tmp_path, kind):
    """Against OpenCV, which keeps the upper eight bits; Pillow's own conversion clips to white."""
    pixels = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64)
    path = tmp_path / f"deep.{kind.lower()}"
    Image.fromarray(pixels).save(path)
    expected = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert np.abs(np.asarray(open_rgb(path, STORED)).astype(int) - expected).max() <= 1
    assert expected.std() > 50


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_pixels_without_a_known_range_are_refused(tmp_path, dtype):
    Image.fromarray(np.full((4, 4), 70_000, dtype)).save(tmp_path / "odd.tiff")
    with pytest.raises(UnreadableImage, match=r"odd\.tiff: cannot be decoded \(its pixels"):
        open_rgb(tmp_path / "odd.tiff", STORED)


@pytest.mark.parametrize("reader", READERS)
def test_links_that_lead_nowhere_and_folders_are_called_so(tmp_path, reader):
    (tmp_path / "gone.jpg").symlink_to("elsewhere/photo.jpg")
    (tmp_path / "circle.jpg").symlink_to("circle.jpg")
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    for name, words in (
        ("gone", "links to elsewhere/photo.jpg, which is not there"),
        ("circle", "links to circle.jpg, which is not there"),
        ("folder", "is a folder, not an image"),
        ("pipe", "is a pipe or device, not an image"),
        ("absent", "not found"),
    ):
        with pytest.raises(UnreadableImage, match=rf"{name}\.jpg: {words}; fetch it again"):
            reader(tmp_path / f"{name}.jpg")


def test_what_the_system_cannot_read_is_not_called_unreadable(tmp_path, photograph, monkeypatch):
    """A disk that fails must not make images vanish."""
    photograph.save(tmp_path / "photo.jpg")

    def fail(*_, **__):
        raise OSError(5, os.strerror(5), "photo.jpg")

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(
        InputError, match=r"photo\.jpg: cannot be read \(Input/output error\)"
    ) as caught:
        open_rgb(tmp_path / "photo.jpg", STORED)
    assert not isinstance(caught.value, UnreadableImage)
