import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.evaluation.iou import iou

SIDE = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted)
BOX = st.tuples(SIDE, SIDE).map(lambda xy: (xy[0][0], xy[1][0], xy[0][1], xy[1][1]))


def pixels(box):
    x0, y0, x1, y1 = box
    return {(x, y) for x in range(x0, x1) for y in range(y0, y1)}


def one(a, b):
    return iou(np.array([a]), np.array([b]))[0, 0]


@given(BOX, BOX)
def test_it_is_the_overlap_of_the_sets_of_pixels(a, b):
    union = pixels(a) | pixels(b)
    assert one(a, b) == (len(pixels(a) & pixels(b)) / len(union) if union else 0)


def inclusive_iou(a, b):
    """The challenge's own formula: corners are pixels that belong to the box."""
    width = min(a[2], b[2]) - max(a[0], b[0]) + 1
    height = min(a[3], b[3]) - max(a[1], b[1]) + 1
    if width <= 0 or height <= 0:
        return 0.0
    area_a = (a[2] - a[0] + 1) * (a[3] - a[1] + 1)
    area_b = (b[2] - b[0] + 1) * (b[3] - b[1] + 1)
    return width * height / (area_a + area_b - width * height)


@given(BOX, BOX)
def test_half_open_boxes_give_the_inclusive_rule_with_plus_one(a, b):
    half_open = [(*box[:2], box[2] + 1, box[3] + 1) for box in (a, b)]
    assert one(*half_open) == inclusive_iou(a, b)


def test_half_of_a_box_is_exactly_one_half():
    assert one((0, 0, 10, 10), (0, 0, 10, 5)) == 0.5
    assert one((3, 4, 6, 6), (4, 4, 7, 6)) == 0.5


def test_touching_and_separate_boxes_do_not_overlap():
    assert one((0, 0, 4, 4), (4, 0, 8, 4)) == 0
    assert one((0, 0, 4, 4), (6, 6, 8, 8)) == 0


@pytest.mark.parametrize("other", [(2, 2, 2, 2), (0, 0, 4, 4), (5, 5, 6, 6)])
def test_an_empty_box_overlaps_nothing_not_even_itself(other):
    assert one((2, 2, 2, 2), other) == 0
    assert one(other, (1, 1, 3, 1)) == 0


@given(BOX, BOX, st.floats(0.01, 100), st.floats(-50, 50))
def test_scaling_and_moving_both_boxes_changes_nothing(a, b, scale, shift):
    moved = [scale * np.array(box) + shift for box in (a, b)]
    assert one(*moved) == pytest.approx(one(a, b), abs=1e-6)


def test_every_box_is_compared_with_every_other():
    boxes = [(0, 0, 4, 4), (0, 0, 4, 2), (4, 4, 6, 6)]
    others = [(0, 0, 2, 2), (2, 2, 6, 6)]
    expected = [[1 / 4, 4 / 28], [4 / 8, 0], [0, 1 / 4]]
    np.testing.assert_allclose(iou(boxes, others), expected)


def test_no_boxes_give_an_empty_table():
    assert iou(np.zeros((0, 4)), np.zeros((3, 4))).shape == (0, 3)
    assert iou(np.zeros((3, 4)), np.zeros((0, 4))).shape == (3, 0)


def test_small_integer_types_do_not_overflow():
    box = np.array([[0, 0, 200, 200]], np.uint8)
    assert iou(box, box)[0, 0] == 1
