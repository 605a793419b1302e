import numpy as np
import pytest
from scipy import ndimage
from sklearn.metrics import average_precision_score

from pipeline_lib.evaluation import pxap

CUTS = np.arange(0, 1, 0.001)


def random_image(rng, shape=(24, 32)):
    """A smooth or rough map, a mask of one to three blobs, and a region to ignore that overlaps it."""
    heat_map = ndimage.gaussian_filter(rng.random(shape), rng.choice([0, 1, 4]))
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    mask, ignore = np.zeros((2, *shape), bool)
    for region, count in ((mask, rng.integers(1, 4)), (ignore, rng.integers(0, 3))):
        for _ in range(count):
            y, x, reach = rng.uniform(0, shape[0]), rng.uniform(0, shape[1]), rng.uniform(2, 9)
            region |= np.hypot(rows - y, columns - x) < reach
    heat_map = heat_map - rng.random() + rng.choice([0, 0.5]) * mask
    return heat_map.astype(np.float32), mask, ignore


def pooled(images):
    """All pixels that count, as their scores cut down to thousandths, and whether they are objects'."""
    scores, truth = [], []
    for heat_map, mask, ignore in images:
        scaled = (heat_map - heat_map.min()) / (heat_map.max() - heat_map.min())
        counted = ~(ignore & ~mask)
        scores.append(scaled[counted].astype(np.float64))
        truth.append(mask[counted])
    return np.concatenate(scores), np.concatenate(truth)


def brute_force(scores, truth):
    """PxAP and peak IoU by a loop over thresholds, from the top."""
    area, peak, recall_before, objects = 0.0, 0.0, 0.0, scores[truth]
    for threshold in [1.0, *CUTS[::-1]]:
        hits, found = (objects >= threshold).sum(), (scores >= threshold).sum()
        if not found:
            continue
        recall = hits / len(objects)
        area += hits / found * (recall - recall_before)
        recall_before = recall
        peak = max(peak, hits / (len(objects) + found - hits))
    return 100 * area, 100 * peak


def test_200_random_images_are_scored_as_by_brute_force():
    rng = np.random.default_rng(0)
    images = [random_image(rng) for _ in range(200)]
    histograms = np.array([pxap.histograms(*image) for image in images])
    for image, histogram in zip(images, histograms, strict=True):
        if image[1].any():
            expected = brute_force(*pooled([image]))
            assert (pxap.px_ap(histogram), pxap.peak_iou(histogram)) == pytest.approx(expected)
    # All together: the pixels of all images are ranked in one list.
    scores, truth = pooled(images)
    total = histograms.sum(axis=0, dtype=int)
    assert (pxap.px_ap(total), pxap.peak_iou(total)) == pytest.approx(brute_force(scores, truth))
    cut = np.digitize(scores, [*CUTS, 1.0])
    assert pxap.px_ap(total) == pytest.approx(100 * average_precision_score(truth, cut))


def test_every_pixel_that_counts_is_in_one_bin():
    rng = np.random.default_rng(1)
    for heat_map, mask, ignore in (random_image(rng, (224, 224)) for _ in range(20)):
        histogram = pxap.histograms(heat_map, mask, ignore)
        assert histogram.dtype == np.uint16
        assert histogram.shape == (2, 1002)
        assert histogram.sum(axis=1).tolist() == [mask.sum(), (~mask & ~ignore).sum()]
        assert histogram[:, -1].tolist() == [0, 0]


def test_a_perfect_map_scores_100_and_a_wrong_way_round_one_less_than_a_uniform_one():
    mask = np.zeros((224, 224), bool)
    mask[40:90, 30:200] = True
    share = 100 * mask.mean()
    scores = {}
    for name, heat_map in (("perfect", mask), ("uniform", mask * 0 + 7.0), ("inverse", ~mask)):
        histogram = pxap.histograms(heat_map.astype(np.float32), mask)
        scores[name] = float(pxap.px_ap(histogram)), float(pxap.peak_iou(histogram))
    assert scores["perfect"] == pytest.approx((100, 100))
    assert scores["uniform"] == pytest.approx((share, share))
    assert scores["inverse"] == pytest.approx((share, share))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_map_that_is_not_finite_counts_as_uniform(value):
    mask = np.zeros((10, 10), bool)
    mask[:, :3] = True
    heat_map = mask.astype(np.float32)
    heat_map[5, 5] = value
    histogram = pxap.histograms(heat_map, mask)
    assert histogram[:, 0].tolist() == [30, 70]
    assert pxap.px_ap(histogram) == pytest.approx(30)


def test_what_is_ignored_counts_for_nothing_outside_the_mask_only():
    mask = np.zeros((10, 10), bool)
    mask[:, :4] = True
    heat_map = np.zeros((10, 10), np.float32)
    heat_map[:, :6] = 1  # two columns too many
    ignore = np.zeros_like(mask)
    ignore[:, 3:6] = True  # one column of the object, and those two
    assert pxap.px_ap(pxap.histograms(heat_map, mask)) == pytest.approx(100 * 4 / 6)
    histogram = pxap.histograms(heat_map, mask, ignore)
    assert histogram.sum(axis=1).tolist() == [40, 40]
    assert pxap.px_ap(histogram) == pytest.approx(100)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_on_and_beside_an_edge_are_binned_as_by_numpy(dtype):
    edges = np.concatenate([np.arange(1001) / 1000, np.arange(0, 1, 0.001)]).astype(dtype)
    beside = [np.nextafter(edges, dtype(way)) for way in (-1, 2)]
    scores = np.clip(np.concatenate([edges, *beside]), 0, 1).reshape(1, -1)
    histogram = pxap.histograms(scores, scores < 2)
    expected, _ = np.histogram(scores, bins=np.append(np.arange(0, 1, 0.001), [1.0, 2.0, 3.0]))
    assert histogram[0].tolist() == expected.tolist()


def test_shapes_that_differ_and_too_many_pixels_are_refused():
    small, large = np.zeros((4, 4)), np.zeros((300, 300))
    with pytest.raises(ValueError, match="not equal"):
        pxap.histograms(small, np.zeros((5, 4), bool))
    with pytest.raises(ValueError, match="too many pixels"):
        pxap.histograms(large, large > 0)


@pytest.fixture(scope="module")
def many():
    rng = np.random.default_rng(2)
    images = [random_image(rng) for _ in range(150)]
    return np.array([pxap.histograms(*image) for image in images if image[1].any()])


def test_images_without_an_object_are_left_out_and_counted(many):
    rng = np.random.default_rng(3)
    empty = [pxap.histograms(rng.random((24, 32)), np.zeros((24, 32), bool)) for _ in range(5)]
    scores = pxap.pixel_scores(np.concatenate([empty, many]), seed=0)
    assert scores == pxap.pixel_scores(many, seed=0)._replace(without_object=5)
    assert (scores.n, scores.without_object) == (len(many), 5)
    nothing = pxap.pixel_scores(np.array(empty), seed=0)
    assert (nothing.n, nothing.without_object) == (0, 5)
    assert np.isnan([*nothing.px_ap, *nothing.peak_iou]).all()
    assert np.isnan([pxap.px_ap(empty[0]), pxap.peak_iou(empty[0])]).all()


def test_the_intervals_rank_anew_in_every_draw(many):
    """Against a plain loop over draws with the same recipe."""
    n, drawn = len(many), []
    for counts in np.random.default_rng(4).multinomial(n, np.full(n, 1 / n), size=1_000):
        total = (counts @ many.reshape(n, -1).astype(float)).reshape(2, -1)
        drawn.append((pxap.px_ap(total), pxap.peak_iou(total)))
    expected = np.quantile(drawn, (0.025, 0.975), axis=0).T
    scores = pxap.pixel_scores(many, seed=5)
    total = many.sum(axis=0, dtype=int)
    for (value, *interval), exact, bounds in zip(
        scores[:2], (pxap.px_ap(total), pxap.peak_iou(total)), expected, strict=True
    ):
        assert value == pytest.approx(exact)
        assert interval[0] < value < interval[1]
        assert interval == pytest.approx(bounds.tolist(), abs=1)
