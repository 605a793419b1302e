from functools import partial

import cv2
import numpy as np
import pytest
from scipy import ndimage

from pipeline_lib.evaluation import maxboxacc
from pipeline_lib.evaluation.sweep import THRESHOLDS

SIDE = maxboxacc.SIDE
MISSES = [[0, 0, 0, 0]]


def inclusive_iou(a, b):
    """The IoU of two boxes of inclusive pixels, one at a time."""
    across = min(a[2], b[2]) - max(a[0], b[0]) + 1
    down = min(a[3], b[3]) - max(a[1], b[1]) + 1
    shared = max(0, across) * max(0, down)
    areas = [(x1 - x0 + 1) * (y1 - y0 + 1) for x0, y0, x1, y1 in (a, b)]
    return shared / (sum(areas) - shared)


def brute_force(heat_map, true_boxes, threshold):
    """MaxBoxAcc's outcome and the three of MaxBoxAccV2, contour by contour, as Choe et al. say it."""
    scaled = (heat_map - heat_map.min()) / (heat_map.max() - heat_map.min())
    grey = (scaled * 255).astype(np.uint8)
    _, mask = cv2.threshold(grey, int(threshold * grey.max()), 255, cv2.THRESH_BINARY)
    contours = cv2.findContours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[0]
    overlaps = []
    for contour in contours:
        x, y, w, h = cv2.boundingRect(contour)
        box = (x, y, min(x + w, SIDE - 1), min(y + h, SIDE - 1))
        overlaps.append(max(inclusive_iou(box, true) for true in true_boxes))
    if not overlaps:
        return MISSES[0]
    largest = overlaps[max(range(len(contours)), key=lambda n: cv2.contourArea(contours[n]))]
    return [int(largest >= 0.5), *(int(max(overlaps) >= least) for least in (0.3, 0.5, 0.7))]


@pytest.mark.parametrize("seed", range(200))
def test_hits_are_those_of_a_brute_force(seed):
    rng = np.random.default_rng(seed)
    small = rng.random((14, 14)) if seed % 2 else ndimage.gaussian_filter(rng.random((14, 14)), 2)
    heat_map = cv2.resize(small.astype(np.float32) - 0.3, (SIDE, SIDE))
    corners = np.sort(rng.integers(0, SIDE, (1 + seed % 3, 2, 2)), axis=1).reshape(-1, 4)
    found = maxboxacc.hits(heat_map, corners.astype(float), THRESHOLDS)
    expected = map(partial(brute_force, heat_map, corners.tolist()), np.arange(0, 1, 0.02))
    assert found.tolist() == list(expected)


def test_the_outline_of_a_hole_counts_as_in_the_reference_evaluator():
    heat_map = np.zeros((SIDE, SIDE), np.float32)
    heat_map[20:180, 20:180] = 1
    heat_map[60:110, 60:110] = 0  # the outline runs through the pixels around the hole
    hole = np.array([[59, 59, 111, 111.0]])
    assert maxboxacc.hits(heat_map, hole, np.array([0.5])).tolist() == [[0, 1, 1, 1]]


def test_true_boxes_are_inclusive_and_cut_to_whole_pixels_of_the_evaluated_map():
    boxes = np.array([[0, 0, 500, 375], [100, 75, 300, 200.0]])
    expected = [
        [0, 0, 223, 223],
        [44, 44, 133, 118],
    ]  # 299 * 224 / 500 is 133.9, 199 * 224 / 375 118.9
    assert maxboxacc.evaluated_boxes(boxes, 500, 375).tolist() == expected


@pytest.mark.parametrize("value", [0, 3, np.nan, np.inf])
def test_a_map_that_says_nothing_hits_nothing(value):
    whole = np.array([[0, 0, SIDE - 1, SIDE - 1.0]])
    constant = np.full((SIDE, SIDE), value, np.float32)
    assert not maxboxacc.hits(constant, whole, THRESHOLDS).any()


def test_each_overlap_has_its_own_best_threshold():
    hits = np.zeros((4, 3, 3), np.uint8)
    hits[:, 0, 0] = 1  # all at the first threshold
    hits[:2, 1, 1] = 1  # half at the second
    hits[1:2, 2, 2] = 1  # a quarter at the third
    value, low, high = maxboxacc.accuracy(hits, seed=0)
    assert value == pytest.approx(100 * (1 + 0.5 + 0.25) / 3)
    assert low < value < high
    places = maxboxacc.best_thresholds(hits)
    assert places.tolist() == [0, 1, 2]
    assert maxboxacc.image_accuracies(hits, places).mean() == pytest.approx(value / 100)


def test_the_interval_chooses_anew_in_every_draw():
    """Against a plain loop over draws with the same recipe."""
    rng = np.random.default_rng(4)
    hits = (rng.random((150, 6, 3)) < rng.random((6, 3))).astype(np.uint8)
    drawn = [
        hits[rng.integers(150, size=150)].mean(axis=0).max(axis=0).mean() for _ in range(2_000)
    ]
    _, low, high = maxboxacc.accuracy(hits, seed=1)
    assert (low, high) == pytest.approx(tuple(100 * np.quantile(drawn, (0.025, 0.975))), abs=1)
