import numpy as np
import pytest
import scipy.ndimage

from pipeline_lib.localization.centred_box import centred_box
from pipeline_lib.localization.components import largest_component
from pipeline_lib.localization.paper_box import paper_box, paper_boxes
from pipeline_lib.study.configuration.localization import BoxesSection


def reference_box(heat_map, threshold):
    """Largest component above the threshold, by scipy, the highest and then leftmost of several.

    None if that leaves several, the whole map if there is no component.
    """
    above = heat_map > threshold * heat_map.max()
    components, count = scipy.ndimage.label(above, structure=np.ones((3, 3)))
    if count == 0:
        return (0, 0, *heat_map.shape[::-1])
    areas = np.bincount(components.ravel(), minlength=count + 1)[1:]
    boxes = scipy.ndimage.find_objects(components)
    largest = [boxes[i] for i in np.flatnonzero(areas == areas.max())]
    highest = [box for box in largest if box[0].start == min(rows.start for rows, _ in largest)]
    first = min(columns.start for _, columns in highest)
    leftmost = [box for box in highest if box[1].start == first]
    if len(leftmost) > 1:
        return None
    ((rows, columns),) = leftmost
    return (columns.start, rows.start, columns.stop, rows.stop)


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.7, 0.85])
@pytest.mark.parametrize("smoothing", [0, 1.5])
def test_random_maps_agree_with_scipy(threshold, smoothing):
    rng = np.random.default_rng(3)
    compared = 0
    for _ in range(60):
        height, width = rng.integers(3, 40, 2)
        heat_map = rng.normal(size=(height, width))
        heat_map = scipy.ndimage.gaussian_filter(heat_map, smoothing).astype(np.float32)
        expected = reference_box(heat_map, threshold)
        if heat_map.max() > 0 and expected is not None:
            assert paper_box(heat_map, threshold) == expected
            compared += 1
    assert compared > 20


@pytest.mark.parametrize("smoothing", [0, 1, 3])
def test_many_thresholds_give_what_scipy_gives_for_each(smoothing):
    rng = np.random.default_rng(5)
    thresholds = np.sort(np.concatenate([np.arange(50) / 50, rng.random(10), [-0.5, 1, 1, 1.5]]))
    compared = 0
    for _ in range(20):
        heat_map = rng.normal(size=rng.integers(3, 60, 2))
        heat_map = scipy.ndimage.gaussian_filter(heat_map, smoothing).astype(np.float32)
        if heat_map.max() <= 0:
            continue
        for threshold, box in zip(thresholds, paper_boxes(heat_map, thresholds), strict=True):
            expected = reference_box(heat_map, float(threshold))
            if expected is not None:
                assert box == expected
                compared += 1
    assert compared > 500
    assert paper_boxes(-np.ones((4, 6), np.float32), thresholds) == [(0, 0, 6, 4)] * len(thresholds)


@pytest.mark.parametrize("filled", [0.03, 0.1, 0.2])
def test_random_maps_of_many_equally_large_components_agree_with_scipy(filled):
    rng = np.random.default_rng(4)
    compared = 0
    for _ in range(200):
        heat_map = (rng.random(rng.integers(3, 30, 2)) < filled).astype(np.float32)
        expected = reference_box(heat_map, 0.2)
        if expected is not None:
            assert paper_box(heat_map, 0.2) == expected
            compared += 1
    assert compared > 150


def map_of(*rows):
    """A map from a picture: digits are tenths."""
    return np.array([[int(c) / 10 if c != "." else 0 for c in row] for row in rows], np.float32)


def test_pixels_that_meet_at_a_corner_are_connected():
    heat_map = map_of(
        ".......",
        ".99....",
        "...99..",
        ".....9.",
        "9......",
    )
    assert paper_box(heat_map, 0.2) == (1, 1, 6, 4)


def test_the_largest_component_wins_over_the_brightest():
    heat_map = map_of(
        "99......",
        "99..333.",
        "....333.",
    )
    assert paper_box(heat_map, 0.2) == (4, 1, 7, 3)


def test_a_component_is_measured_by_its_pixels_and_not_by_its_box():
    heat_map = map_of(
        "9....999",
        ".9...999",
        "..9..999",
        "...9....",
    )
    assert paper_box(heat_map, 0.2) == (5, 0, 8, 3)


def test_a_hole_does_not_cut_a_component():
    heat_map = map_of(
        ".999.",
        ".9.9.",
        ".999.",
    )
    assert paper_box(heat_map, 0.2) == (1, 0, 4, 3)


def test_a_value_exactly_at_the_threshold_is_outside():
    heat_map = np.zeros((3, 5))
    heat_map[1, 1:3] = 8
    heat_map[1, 3] = 4
    assert paper_box(heat_map, 0.5) == (1, 1, 3, 2)


def test_a_value_hardly_above_the_threshold_is_inside():
    # a map cut down to 8 bits would lose it
    heat_map = np.zeros((3, 5), np.float32)
    heat_map[1, 1:3] = 8
    heat_map[1, 3] = 4.0005
    assert paper_box(heat_map, 0.5) == (1, 1, 4, 2)


def test_the_threshold_is_a_fraction_of_the_maximum_whatever_the_scale():
    heat_map = map_of(".1.", "193", ".1.")
    for scale in (1e-6, 1, 1e6):
        assert paper_box(scale * heat_map, 0.2) == (1, 1, 3, 2)


def test_the_default_threshold_is_the_papers_fifth():
    heat_map = np.array([[0.0, 19, 21, 100, 21, 19, 0]])
    assert paper_box(heat_map, BoxesSection().threshold) == (2, 0, 5, 1)


@pytest.mark.parametrize("threshold", [1.0, 1.5])
def test_a_threshold_that_nothing_passes_gives_the_whole_image(threshold):
    assert paper_box(map_of(".9.", "..."), threshold) == (0, 0, 3, 2)


def test_a_component_at_the_border_ends_at_the_border():
    heat_map = map_of("...", "..9", "..9")
    assert paper_box(heat_map, 0.2) == (2, 1, 3, 3)


WHOLE = (0, 0, 6, 4)


@pytest.mark.parametrize("value", [0, -1, -1e-9, 1, 1e-9, np.nan, np.inf, -np.inf])
def test_a_constant_map_says_nothing_and_gives_the_whole_image(value):
    assert paper_box(np.full((4, 6), value, np.float32), 0.2) == WHOLE


def test_a_map_that_is_negative_throughout_gives_the_whole_image():
    heat_map = -1 - np.random.default_rng(0).random((4, 6))
    assert paper_box(heat_map, 0.2) == WHOLE


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_value_that_is_no_number_gives_the_whole_image(value):
    heat_map = np.zeros((4, 6), np.float32)
    heat_map[1, 1] = 1
    assert paper_box(heat_map, 0.2) == (1, 1, 2, 2)
    heat_map[3, 5] = value
    assert paper_box(heat_map, 0.2) == WHOLE


def test_of_two_equally_large_components_the_higher_then_the_one_further_left_wins():
    upper_right = map_of("...99", ".....", "99...")
    assert paper_box(upper_right, 0.2) == (3, 0, 5, 1)
    side_by_side = map_of("99.99")
    assert paper_box(side_by_side, 0.2) == (0, 0, 2, 1)


def test_of_two_equally_large_components_in_neighbouring_rows_the_upper_one_wins():
    heat_map = map_of(
        ".....9..",
        "9.......",
        "........",
    )
    assert paper_box(heat_map, 0.2) == (5, 0, 6, 1)


def test_of_two_equally_large_components_at_one_height_the_box_further_left_wins():
    # the other one's first pixel comes first, row by row
    heat_map = map_of(
        ".99999.9",
        ".99999.9",
        ".......9",
        "9999999.",
    )
    assert paper_box(heat_map, 0.2) == (0, 0, 8, 4)


def test_an_empty_mask_gives_all_of_it():
    mask = np.zeros((4, 6), bool)
    assert largest_component(mask) == WHOLE
    mask[2, 5] = True
    assert largest_component(mask) == (5, 2, 6, 3)


@pytest.mark.parametrize("fraction", [0.5, 0.6, 0.8, 1.0])
def test_the_centred_box_has_its_fraction_of_each_side_and_lies_in_the_middle(fraction):
    width, height = 320, 213
    x0, y0, x1, y1 = centred_box(width, height, fraction)
    assert (x1 - x0) * (y1 - y0) == pytest.approx(fraction**2 * width * height)
    assert (x1 - x0) / (y1 - y0) == pytest.approx(width / height)
    assert x0 + x1 == pytest.approx(width)
    assert y0 + y1 == pytest.approx(height)
