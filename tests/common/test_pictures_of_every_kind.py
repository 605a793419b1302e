"""Files of every format, mode, depth, orientation and damage: the right pixels, or one line."""

import logging
import warnings
from itertools import chain

import numpy as np
import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import SHOWN, STORED, open_rgb, read_header
from tests.common import picture_cases, pillows_cases
from tests.common.picture_cases import saved, smooth

SOURCES = {
    "png": picture_cases.pngs,
    "tiff": picture_cases.tiffs,
    "bmp": picture_cases.bmps,
    "profile": picture_cases.profiles,
    "lossless": pillows_cases.lossless,
    "map": pillows_cases.maps,
    "lossy": pillows_cases.lossy,
    "other": pillows_cases.others,
}
CASES = [  # more than five hundred
    pytest.param(source, content, expected, id=f"{source}-{name}")
    for source, cases in SOURCES.items()
    for name, content, expected in cases()
]
WHOLE = {
    f"{kind}-{number}": (content, kind)
    for kind, hows in {
        "JPEG": ({}, {"progressive": True}),
        "PNG": ({},),
        "GIF": ({}, {"interlace": False}),
        "WEBP": ({}, {"lossless": True}),
        "AVIF": ({},),
        "TIFF": ({}, {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"},
                 {"compression": "jpeg"}),
        "BMP": ({},),
        "JPEG2000": ({},),
        "PPM": ({},),
        "TGA": ({}, {"compression": "tga_rle"}),
        "ICO": ({"sizes": [(37, 21)]},),
            "QOI": ({},),
        "SGI": ({},),
    }.items()
    for number, how in enumerate(hows)
    for content in (saved(Image.fromarray(smooth()), kind, **how),)
}  # fmt: skip


def outcome(read):
    """What reading gives, without a warning: it, or the line that refuses the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", module="PIL")  # as in pipeline_lib.common.images
        try:
            return read()
        except InputError as error:
            return str(error)


def outcomes(path):
    """Both views as arrays and the header; or, of each, the line."""
    views = [
        outcome(lambda view=view: np.asarray(open_rgb(path, view))) for view in (STORED, SHOWN)
    ]
    return *views, outcome(lambda: read_header(path))


def is_line(found, path):
    return isinstance(found, str) and found.startswith(f"{path}: ") and "\n" not in found


@pytest.mark.parametrize(("source", "content", "expected"), CASES)
def test_its_pixels_are_right_or_it_is_refused(tmp_path, capfd, caplog, source, content, expected):
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    stored, shown, header = outcomes(path)
    assert "".join(capfd.readouterr()) == ""
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    if isinstance(expected, str):
        assert is_line(stored, path)
        assert expected in stored
        assert stored == shown
        return
    pixels, tolerance = expected
    np.testing.assert_allclose(shown.astype(float), pixels, atol=tolerance + 0.5)
    assert header.shown == shown.shape[1::-1]
    assert header.stored == stored.shape[1::-1]
    if not header.is_turned and not header.has_profile:
        np.testing.assert_array_equal(stored, shown)


@pytest.mark.parametrize("part", [0.02, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("name", WHOLE)
def test_a_part_of_a_file_gives_the_whole_picture_or_is_refused(tmp_path, name, part):
    content, _ = WHOLE[name]
    whole, path = tmp_path / "whole.jpg", tmp_path / "photo.jpg"
    whole.write_bytes(content)
    path.write_bytes(content[: int(len(content) * part)])
    for view in (STORED, SHOWN):
        found = outcome(lambda view=view: np.asarray(open_rgb(path, view)))
        if not is_line(found, path):
            np.testing.assert_array_equal(found, np.asarray(open_rgb(whole, view)))


@pytest.mark.parametrize("name", WHOLE)
def test_changed_bytes_give_the_same_verdict_in_both_views(tmp_path, name):
    content, _ = WHOLE[name]
    rng, path = np.random.default_rng(len(content)), tmp_path / "photo.jpg"
    for reach in chain([64] * 10, [len(content)] * 10):
        changed = np.frombuffer(content, np.uint8).copy()
        at = rng.integers(0, min(reach, len(content)), 3)
        changed[at] = rng.integers(0, 256, 3)
        path.write_bytes(changed.tobytes())
        stored, shown, header = outcomes(path)
        if isinstance(stored, str):
            assert is_line(stored, path)
            assert stored == shown
        else:
            assert header.shown == shown.shape[1::-1]
            assert header.stored == stored.shape[1::-1]
