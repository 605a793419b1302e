"""What a viewer shows, against arrays turned by NumPy, LittleCMS through OpenCV's or closed forms."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import SHOWN, STORED, UnreadableImage, open_rgb, read_header
from tests.common.picture_cases import TURNS

LOSSLESS = {"PNG": {}, "WEBP": {"lossless": True}}


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (5, 8, 3), np.uint8)


def exif(orientation):
    data = Image.Exif()
    data[0x112] = orientation
    return data


def decoded(path, view):
    return np.asarray(open_rgb(path, view)).astype(int)


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("kind", LOSSLESS)
def test_exif_turns_what_is_shown_and_not_what_is_stored(tmp_path, pixels, kind, orientation):
    path = tmp_path / "photo"
    Image.fromarray(pixels).save(path, kind, exif=exif(orientation), **LOSSLESS[kind])
    expected = TURNS[orientation](pixels)
    np.testing.assert_array_equal(decoded(path, SHOWN), expected)
    np.testing.assert_array_equal(decoded(path, STORED), pixels)
    header = read_header(path)
    assert header.shown == expected.shape[1::-1]
    assert header.stored == (8, 5)
    assert header.is_turned == (orientation != 1)


@pytest.mark.parametrize("orientation", TURNS)
def test_so_does_a_jpegs(tmp_path, orientation):
    blocks = np.zeros((48, 64, 3), np.uint8)
    blocks[:16, :16], blocks[:16, 48:], blocks[32:, :16] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    path = tmp_path / "photo.jpg"
    Image.fromarray(blocks).save(path, quality=100, subsampling=0, exif=exif(orientation))
    difference = decoded(path, SHOWN) - TURNS[orientation](blocks).astype(int)
    assert np.abs(difference).mean() < 2


@pytest.mark.parametrize("orientation", TURNS)
def test_a_tiff_is_turned_in_both_views_as_pillow_reads_it(tmp_path, pixels, orientation):
    path = tmp_path / "photo.tif"
    Image.fromarray(pixels).save(path, exif=exif(orientation))
    for view in (SHOWN, STORED):
        np.testing.assert_array_equal(decoded(path, view), TURNS[orientation](pixels))
    header = read_header(path)
    assert header.shown == header.stored == TURNS[orientation](pixels).shape[1::-1]
    assert not header.is_turned


def test_xmp_turns_too_where_there_is_no_exif(tmp_path, pixels):
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
    )
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", xmp)
    Image.fromarray(pixels).save(tmp_path / "photo.png", pnginfo=info)
    np.testing.assert_array_equal(decoded(tmp_path / "photo.png", SHOWN), TURNS[6](pixels))
    np.testing.assert_array_equal(decoded(tmp_path / "photo.png", STORED), pixels)


@pytest.mark.parametrize("value", [0, 9, 17])
def test_an_orientation_that_there_is_not_is_upright(tmp_path, pixels, value):
    Image.fromarray(pixels).save(tmp_path / "photo.png", exif=exif(value))
    np.testing.assert_array_equal(decoded(tmp_path / "photo.png", SHOWN), pixels)
    assert not read_header(tmp_path / "photo.png").is_turned


def test_damaged_metadata_do_not_stop_whole_pixels(tmp_path, pixels):
    Image.fromarray(pixels).save(tmp_path / "photo.png", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff\0")
    np.testing.assert_array_equal(decoded(tmp_path / "photo.png", SHOWN), pixels)


def test_a_profile_changes_what_is_shown_to_the_colours_that_it_means(tmp_path):
    """A profile whose green and blue primaries are exchanged: the closed form is an exchange."""
    colours = np.zeros((4, 6, 3), np.uint8)
    colours[..., 1], colours[..., 0] = 200, 60
    exchanged = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    green, blue = exchanged.index(b"gXYZ"), exchanged.index(b"bXYZ")
    exchanged[green : green + 4], exchanged[blue : blue + 4] = b"bXYZ", b"gXYZ"
    at = exchanged.index(b"mluc")  # the description: no longer that of sRGB
    exchanged = exchanged.replace("sRGB".encode("utf-16-be"), "odds".encode("utf-16-be"))
    assert at > 0
    Image.fromarray(colours).save(tmp_path / "photo.png", icc_profile=bytes(exchanged))
    np.testing.assert_array_equal(decoded(tmp_path / "photo.png", STORED), colours)
    np.testing.assert_allclose(
        decoded(tmp_path / "photo.png", SHOWN), colours[..., [0, 2, 1]], atol=1
    )
    header = read_header(tmp_path / "photo.png")
    assert header.has_profile
    assert not header.is_turned


@pytest.mark.parametrize("profile", ["srgb", "damaged", "of another colour model"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_other_profiles_change_nothing(tmp_path, pixels, profile, mode):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    content = {"srgb": srgb, "damaged": srgb[:200], "of another colour model": lab}[profile]
    image = Image.fromarray(pixels).convert(mode)
    image.save(tmp_path / "photo.png", icc_profile=content)
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_allclose(decoded(tmp_path / "photo.png", SHOWN), expected, atol=1)


@pytest.mark.parametrize("view", [STORED, SHOWN])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_places_are_white(tmp_path, pixels, mode, view):
    alpha = np.zeros((5, 8), np.uint8)
    alpha[:, 4:], alpha[0, 0] = 255, 128
    image = Image.fromarray(pixels).convert(mode)
    image.putalpha(Image.fromarray(alpha))
    image.save(tmp_path / "logo.png")
    over = np.asarray(image.convert("RGB")).astype(float)
    share = alpha[..., None] / 255
    expected = share * over + (1 - share) * 255
    np.testing.assert_allclose(decoded(tmp_path / "logo.png", view), expected, atol=1)


def test_so_is_a_transparent_colour_of_a_palette_and_of_a_gif(tmp_path):
    image = Image.new("P", (4, 3), 0)
    image.putpalette([0, 0, 0, 200, 10, 20])
    image.paste(1, (2, 0, 4, 3))
    for name in ("logo.png", "logo.gif"):
        image.save(tmp_path / name, transparency=0)
        found = decoded(tmp_path / name, SHOWN)
        assert (found[:, :2] == 255).all()
        assert (found[:, 2:] == (200, 10, 20)).all()


@pytest.mark.parametrize("inverted", [False, True])
def test_sixteen_bits_of_a_tiff_heed_which_end_is_white(tmp_path, inverted):
    deep = np.arange(0, 65536, 1024, dtype=np.uint16).reshape(8, 8)
    path = tmp_path / "deep.tif"
    Image.fromarray(deep).save(path, tiffinfo={262: 0 if inverted else 1})
    expected = 255 - (deep >> 8) if inverted else deep >> 8
    np.testing.assert_array_equal(decoded(path, SHOWN)[..., 0], expected)


@pytest.mark.parametrize("order", [">u2", "<u2"])
def test_sixteen_bits_of_either_byte_order_are_the_same(tmp_path, order):
    deep = np.arange(0, 65536, 1024, dtype=order).reshape(8, 8)
    mode = "I;16B" if order == ">u2" else "I;16"
    Image.frombytes(mode, (8, 8), deep.tobytes()).save(tmp_path / "deep.tif")
    np.testing.assert_array_equal(decoded(tmp_path / "deep.tif", SHOWN)[..., 2], deep >> 8)


def test_a_plain_map_of_sixteen_bits(tmp_path):
    deep = np.arange(0, 65536, 1024).reshape(8, 8)
    numbers = " ".join(map(str, deep.ravel()))
    (tmp_path / "deep.pgm").write_text(f"P2 8 8 65535\n{numbers}\n")
    np.testing.assert_array_equal(decoded(tmp_path / "deep.pgm", SHOWN)[..., 0], deep >> 8)


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG"])
def test_of_several_pages_the_first_is_read(tmp_path, kind):
    pages = [Image.new("RGB", (6, 4), colour) for colour in ("red", "lime", "blue")]
    how = {"lossless": True} if kind == "WEBP" else {}
    pages[0].save(tmp_path / "pages", kind, save_all=True, append_images=pages[1:], **how)
    assert (decoded(tmp_path / "pages", SHOWN) == (255, 0, 0)).all()


def test_a_program_is_not_run(tmp_path):
    content = io.BytesIO()
    Image.new("RGB", (4, 4)).save(content, "EPS")
    (tmp_path / "figure.jpg").write_bytes(content.getvalue())
    with pytest.raises(
        UnreadableImage, match=r"cannot be decoded \(it is EPS, a program, which is"
    ):
        open_rgb(tmp_path / "figure.jpg", SHOWN)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (bytes(900), "it is nothing but zeros: it was not fetched to its end"),
        (b"<!DOCTYPE html>\n<html><body>Not found", "it is a web page"),
        (b"\xef\xbb\xbf\n <html lang=en>", "it is a web page"),
        (b"<svg xmlns='x'></svg>", "it is an SVG drawing"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "it is a Git LFS pointer"),
        (b"PK\x03\x04rest", "it is a ZIP archive"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", r"it is a HEIF \(.heic\) photograph"),
        (b"%PDF-1.4", "it is a PDF document"),
    ],
)
def test_what_is_something_else_is_called_that(tmp_path, content, words):
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(InputError, match=rf"photo.jpg: cannot be decoded \({words}"):
        open_rgb(tmp_path / "photo.jpg", SHOWN)
