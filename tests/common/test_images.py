import numpy as np
import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import image_size, open_rgb, warp


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
        open_rgb(tmp_path / "half.jpg")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n"])
@pytest.mark.parametrize("reader", [open_rgb, image_size])
def test_what_is_no_image_is_refused_by_name(tmp_path, content, reader):
    (tmp_path / "odd.jpg").write_bytes(content)
    with pytest.raises(InputError, match=r"odd\.jpg"):
        reader(tmp_path / "odd.jpg")


@pytest.mark.parametrize("reader", [open_rgb, image_size])
def test_a_missing_image_is_refused_by_name(tmp_path, reader):
    with pytest.raises(InputError, match=r"absent\.jpg"):
        reader(tmp_path / "absent.jpg")


def test_gray_becomes_three_equal_channels(tmp_path, photograph):
    gray = photograph.convert("L")
    gray.save(tmp_path / "gray.png")
    pixels = np.asarray(open_rgb(tmp_path / "gray.png"))
    assert pixels.shape == (40, 60, 3)
    assert (pixels == np.asarray(gray)[..., None]).all()


def test_cmyk_becomes_rgb_of_about_the_same_colours(tmp_path, photograph):
    photograph.convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    opened = open_rgb(tmp_path / "print.jpg")
    assert opened.mode == "RGB"
    difference = np.asarray(opened).astype(int) - np.asarray(photograph)
    assert np.abs(difference).mean() < 8


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP"])
def test_the_format_is_told_by_content_and_not_by_name(tmp_path, kind):
    plain = Image.new("RGB", (7, 5), (10, 200, 30))
    plain.save(tmp_path / "photo.jpg", kind)
    pixels = np.asarray(open_rgb(tmp_path / "photo.jpg")).astype(int)
    assert np.abs(pixels - (10, 200, 30)).max() <= 4
    assert image_size(tmp_path / "photo.jpg") == (7, 5)


def test_warping_fills_the_whole_target_whatever_the_aspect(photograph):
    warped = warp(photograph, 30, 50)
    assert warped.shape == (50, 30, 3)
    assert warped.dtype == np.uint8
    # the red ramp runs along x and the green one along y, as in the original
    x, y = (np.arange(30) + 0.5) * 2 - 0.5, (np.arange(50) + 0.5) * 0.8 - 0.5
    inner = slice(4, -4)
    assert np.abs(warped[25, inner, 0] - 4 * x[inner]).max() < 3
    assert np.abs(warped[inner, 15, 1] - 6 * y[inner]).max() < 3
