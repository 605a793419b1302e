import cv2
import numpy as np
import pytest
import scipy.ndimage

from pipeline_lib.localization.authors_box import _contour_boxes, _drop_overlapping, authors_boxes


def corners(x, y, w, h):
    return (x, y, x + w, y + h)


def test_the_authors_own_heat_map_gives_their_own_boxes(real_data):
    folder = real_data / "cam_authors"
    grey = cv2.imread(str(folder / "heatmap_6.jpg"), cv2.IMREAD_GRAYSCALE)
    numbers = list(map(int, (folder / "heatmap_6.txt").read_text().split()))
    assert numbers == [41, 145, 362, 202, 102, 188, 242, 126]
    loose, tight = authors_boxes(grey.astype(np.float32))[:2]
    assert loose == corners(*numbers[:4])
    assert tight == corners(*numbers[4:])


def contour_boxes_slowly(mask):
    """Boxes around parts and holes, by scipy; a mask that is not all inside."""
    height, width = mask.shape
    if not mask.any():
        return []
    depth = scipy.ndimage.distance_transform_edt(mask)
    inside = np.pad(np.floor(255 * depth / depth.max() + 0.5) > 10, 1)
    parts, _ = scipy.ndimage.label(inside, structure=np.ones((3, 3)))
    # a hole is a gap that is not around everything; its border's pixels are the part's
    gaps, _ = scipy.ndimage.label(~inside)
    assert gaps[0, 0] == 1
    found = [(part, 0) for part in scipy.ndimage.find_objects(parts)]
    found += [(gap, 1) for gap in scipy.ndimage.find_objects(gaps)[1:]]
    boxes = []
    for (rows, columns), grown in found:
        x, y = columns.start - 1 - grown, rows.start - 1 - grown
        w = min(columns.stop - 1 + grown, width - 5) - x
        h = min(rows.stop - 1 + grown, height - 5) - y
        if w > 0 and h > 0:
            boxes.append((x, y, w, h))
    return boxes


def filled(box):
    mask = np.zeros((60, 60), bool)
    mask[box[1] : box[1] + box[3], box[0] : box[0] + box[2]] = True
    return mask


def merged_slowly(boxes):
    """The rule that drops boxes, by counting pixels."""
    at = 0
    while at < len(boxes):
        kept, deleted = boxes[: at + 1], False
        for box in boxes[at + 1 :]:
            shared = (filled(boxes[at]) & filled(box)).sum()
            if not deleted and shared > max(filled(boxes[at]).sum(), filled(box).sum()) / 2:
                deleted = True
            else:  # the one after a deleted box stays, whatever it is
                kept.append(box)
                deleted = False
        boxes, at = kept, at + 1
    return boxes


def random_maps(smoothing, count):
    rng = np.random.default_rng(int(10 * smoothing))
    for _ in range(count):
        heat_map = rng.normal(size=rng.integers(25, 60, 2))
        yield np.abs(scipy.ndimage.gaussian_filter(heat_map, smoothing)).astype(np.float32)


@pytest.mark.parametrize("smoothing", [1, 2, 5])
def test_the_contours_of_random_maps_are_those_of_scipys_parts_and_holes(smoothing):
    boxes = 0
    for heat_map in random_maps(smoothing, 30):
        for part in (0.1, 0.4):
            mask = heat_map > part * heat_map.max()
            found = [box for box in _contour_boxes(mask) if box[2] * box[3] > 0]
            assert sorted(found) == sorted(contour_boxes_slowly(mask))
            boxes += len(found)
    assert boxes > 60


def test_random_boxes_are_merged_as_by_counting_pixels():
    rng = np.random.default_rng(9)
    dropped = quirks = 0
    for _ in range(150):
        corner, side = rng.integers(0, 6, (12, 2)), rng.integers(2, 20, (12, 2))
        boxes = [(*map(int, at), *map(int, size)) for at, size in zip(corner, side, strict=True)]
        boxes.sort(key=lambda box: -box[2] * box[3])
        found = _drop_overlapping(boxes)
        assert found == merged_slowly(boxes)
        dropped += len(boxes) - len(found)
        quirks += len(found) > len(_drop_overlapping(found))  # what a second pass would drop
    assert dropped > 300
    assert quirks > 50


@pytest.mark.parametrize("smoothing", [4, 6, 9])
def test_random_smooth_maps_agree_with_a_slow_version_of_the_rule(smoothing):
    compared = several = 0
    for heat_map in random_maps(smoothing, 60):
        grey = np.floor(255 * heat_map / heat_map.max() + 0.5)
        boxes = [box for level in (20, 100, 110) for box in contour_boxes_slowly(grey > level)]
        area_of = {box: box[2] * box[3] for box in boxes}
        if len(set(area_of.values())) == len(area_of):  # or else their order is open
            boxes = merged_slowly(sorted(boxes, key=area_of.get, reverse=True))
            assert authors_boxes(heat_map) == [corners(*box) for box in boxes]
            compared += 1
            several += len(boxes) > 2
    assert compared >= 20
    assert several >= 15


def test_a_ring_has_a_box_around_it_and_one_around_its_hole():
    heat_map = np.zeros((100, 90), np.float32)
    heat_map[10:70, 20:80] = 2
    heat_map[30:50, 40:60] = 0
    # one map of two values gives the same boxes at all three thresholds, of which one is dropped
    ring, hole = (20, 10, 80, 70), (39, 29, 61, 51)
    assert authors_boxes(heat_map) == [ring, ring, hole, hole]


@pytest.mark.parametrize(("level", "there"), [(20, False), (21, True), (255, True)])
def test_the_lowest_threshold_is_20_of_255(level, there):
    heat_map = np.zeros((60, 80), np.float32)
    heat_map[10:20, 10:20] = 255
    heat_map[30:50, 30:60] = level
    assert ((30, 30, 60, 50) in authors_boxes(heat_map)) == there


def test_what_lies_shallow_is_cut_off():
    heat_map = np.zeros((100, 120), np.float32)
    heat_map[20:80, 20:80] = 1  # 30 deep, so that what is less than 30 * 10.5 / 255 = 1.2 deep goes
    heat_map[5, :110] = 1  # 1 deep
    assert set(authors_boxes(heat_map)) == {(21, 21, 79, 79)}


def test_boxes_keep_five_pixels_away_from_the_right_and_the_lower_border_only():
    heat_map = np.zeros((60, 80), np.float32)
    heat_map[30:, 40:] = 1
    assert authors_boxes(heat_map)[0][2:] == (75, 55)
    assert authors_boxes(heat_map[::-1, ::-1])[0][:2] == (0, 0)
    rng = np.random.default_rng(7)
    for _ in range(50):
        noise = scipy.ndimage.gaussian_filter(rng.random((60, 80)), 2).astype(np.float32)
        noise -= noise.min()
        for x0, y0, x1, y1 in authors_boxes(noise):
            assert 0 <= x0 < x1 <= 75
            assert 0 <= y0 < y1 <= 55


def test_what_lies_in_the_margin_alone_gives_the_whole_image():
    heat_map = np.zeros((60, 80), np.float32)
    heat_map[57:, 20:40] = 1
    assert authors_boxes(heat_map) == [(0, 0, 80, 60)]


@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
def test_the_scale_of_a_map_does_not_matter_and_the_largest_box_comes_first(scale):
    rng = np.random.default_rng(8)
    heat_map = scipy.ndimage.gaussian_filter(rng.random((60, 80)), 3).astype(np.float32)
    heat_map -= heat_map.min()
    found = authors_boxes(scale * heat_map)
    assert found == authors_boxes(heat_map)
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in found]
    assert len(areas) > 1
    assert areas == sorted(areas, reverse=True)


WHOLE = [(0, 0, 30, 20)]


@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf, -np.inf])
def test_a_map_that_says_nothing_gives_the_whole_image(value):
    assert authors_boxes(np.full((20, 30), value, np.float32)) == WHOLE


@pytest.mark.parametrize("value", [1e-6, 1, 300])
def test_a_flat_positive_map_has_all_but_the_margin_as_in_the_released_code(value):
    assert set(authors_boxes(np.full((20, 30), value, np.float32))) == {(0, 0, 25, 15)}


def test_a_map_that_is_nowhere_low_has_the_image_less_the_margin():
    heat_map = np.linspace(0.5, 1, 600, dtype=np.float32).reshape(20, 30)
    assert set(authors_boxes(heat_map)) == {(0, 0, 25, 15)}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_value_that_is_no_number_gives_the_whole_image(value):
    heat_map = np.zeros((20, 30), np.float32)
    heat_map[3:12, 4:20] = 1
    assert authors_boxes(heat_map)[0] == (4, 3, 20, 12)
    heat_map[15, 25] = value
    assert authors_boxes(heat_map) == WHOLE


def test_negative_values_count_as_nothing():
    heat_map = np.full((20, 30), -100, np.float32)
    heat_map[3:12, 4:20] = 1
    assert authors_boxes(heat_map)[0] == (4, 3, 20, 12)


LARGE = (0, 0, 10, 10)


def test_the_box_after_a_dropped_one_is_not_compared():
    second, third, fourth = (0, 0, 10, 9), (0, 0, 9, 9), (1, 0, 8, 9)
    assert _drop_overlapping([LARGE, second]) == [LARGE]
    assert _drop_overlapping([LARGE, second, third]) == [LARGE, third]
    # the fourth goes, for sharing much with the largest or with the third
    assert _drop_overlapping([LARGE, second, third, fourth]) == [LARGE, third]
    apart = (50, 50, 2, 2)
    assert _drop_overlapping([LARGE, second, apart, third, fourth]) == [LARGE, apart, fourth]


def test_sharing_half_of_the_larger_box_is_not_yet_much():
    assert _drop_overlapping([LARGE, (5, 0, 10, 10)]) == [LARGE, (5, 0, 10, 10)]
    assert _drop_overlapping([LARGE, (4, 0, 10, 10)]) == [LARGE]
    inside = (2, 2, 7, 7)  # wholly in the larger one, but less than half of it
    assert _drop_overlapping([LARGE, inside]) == [LARGE, inside]
    odd = (0, 0, 5, 1)
    assert _drop_overlapping([odd, (0, 0, 2, 1), (0, 0, 3, 1)]) == [odd, (0, 0, 2, 1)]
