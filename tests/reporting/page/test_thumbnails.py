"""Small pictures in the page."""

import base64
import io

import numpy as np
from PIL import Image

from pipeline_lib.reporting.page.thumbnails import evenly, thumbnail


def opened(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_a_thumbnail_is_a_small_webp_of_the_same_shape():
    photograph = np.zeros((300, 400, 3), np.uint8)
    photograph[:, 200:] = (250, 30, 30)
    for picture in (photograph, Image.fromarray(photograph)):
        small = opened(thumbnail(picture, 160))
        assert (small.format, small.size) == ("WEBP", (160, 120))
        left, right = np.asarray(small.convert("RGB"), int)[60, [20, 140]]
        assert left.max() < 12
        assert abs(right - (250, 30, 30)).max() < 12
    assert opened(thumbnail(photograph[:9, :7], 160)).size == (7, 9)  # never larger


def test_evenly_has_both_ends_and_equal_steps():
    assert evenly(3, 8) == [0, 1, 2]
    assert evenly(0, 8) == []
    assert evenly(9, 3) == [0, 4, 8]
    chosen = evenly(1000, 12)
    assert (len(set(chosen)), chosen[0], chosen[-1]) == (12, 0, 999)
    assert set(np.diff(chosen)) <= {90, 91}
