import numpy as np
import pytest
from scipy import ndimage

from pipeline_lib.evaluation import maxboxacc
from pipeline_lib.evaluation.iou import iou
from pipeline_lib.evaluation.sweep import THRESHOLDS

EIGHT = np.ones((3, 3))


def brute_force(heat_map, true_boxes, threshold):
    """The best IoU of any component with any true box, by SciPy's labelling, after the paper's words."""
    scaled = (heat_map - heat_map.min()) / np.ptp(heat_map)
    labels, _ = ndimage.label(scaled > threshold, EIGHT)
    best = 0.0
    for rows, columns in ndimage.find_objects(labels):
        box = (columns.start, rows.start, columns.stop, rows.stop)
        best = max(best, iou(np.array([box]), true_boxes).max())
    return best


@pytest.mark.parametrize("smooth", [0, 1, 4])
def test_hits_are_those_of_a_brute_force(smooth):
    rng = np.random.default_rng(smooth)
    heat_map = ndimage.gaussian_filter(rng.random((30, 40)), smooth).astype(np.float32) - 0.3
    true_boxes = np.array([(5, 5, 30, 25), (0, 0, 40, 30), (10, 10, 14, 13)], float)
    for count in (1, 3):
        found = maxboxacc.hits(heat_map, true_boxes[:count], THRESHOLDS)
        expected = [
            [brute_force(heat_map, true_boxes[:count], t) >= overlap for overlap in (0.3, 0.5, 0.7)]
            for t in THRESHOLDS
        ]
        assert found.tolist() == np.array(expected, int).tolist()


def test_a_component_inside_the_hole_of_another_counts_and_the_hole_does_not():
    heat_map = np.zeros((20, 20), np.float32)
    heat_map[2:18, 2:18] = 1
    heat_map[4:16, 4:16] = 0
    heat_map[8:12, 8:12] = 1
    inner, hole = np.array([[8, 8, 12, 12.0]]), np.array([[4, 4, 16, 16.0]])
    assert maxboxacc.hits(heat_map, inner, np.array([0.5])).tolist() == [[1, 1, 1]]
    assert maxboxacc.hits(heat_map, hole, np.array([0.5])).tolist() == [[1, 1, 0]]  # 144 / 256


@pytest.mark.parametrize(
    "heat_map", [np.zeros((8, 8)), np.full((8, 8), 3.0), np.full((8, 8), np.nan)]
)
def test_a_map_that_says_nothing_hits_nothing(heat_map):
    whole = np.array([[0, 0, 8, 8.0]])
    assert not maxboxacc.hits(heat_map.astype(np.float32), whole, THRESHOLDS).any()


def test_each_overlap_has_its_own_best_threshold():
    hits = np.zeros((4, 3, 3), np.uint8)
    hits[:, 0, 0] = 1  # all at the first threshold
    hits[:2, 1, 1] = 1  # half at the second
    hits[1:2, 2, 2] = 1  # a quarter at the third
    value, low, high = maxboxacc.max_box_acc(hits, seed=0)
    assert value == pytest.approx(100 * (1 + 0.5 + 0.25) / 3)
    assert low < value < high


def test_the_interval_chooses_anew_in_every_draw():
    """Against a plain loop over draws with the same recipe."""
    rng = np.random.default_rng(4)
    hits = (rng.random((150, 6, 3)) < rng.random((6, 3))).astype(np.uint8)
    drawn = [
        hits[rng.integers(150, size=150)].mean(axis=0).max(axis=0).mean() for _ in range(2_000)
    ]
    _, low, high = maxboxacc.max_box_acc(hits, seed=1)
    assert (low, high) == pytest.approx(tuple(100 * np.quantile(drawn, (0.025, 0.975))), abs=1)


@pytest.mark.parametrize(
    ("size", "evaluated"),
    [((140, 100), (140, 100)), ((500, 375), (224, 168)), ((3, 4480), (1, 224))],
)
def test_large_images_are_evaluated_at_224_pixels(size, evaluated):
    assert maxboxacc.evaluated_size(*size) == evaluated
