"""Faithfulness: closed forms, pixel by pixel, and against Quantus, torchcam and pytorch-grad-cam."""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
import torch
import torchcam.metrics
from pytorch_grad_cam.metrics.cam_mult_image import DropInConfidence, IncreaseInConfidence
from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget
from scipy.ndimage import correlate1d
from torch import nn

from pipeline_lib.common.batches import Batches
from pipeline_lib.evaluation.faithfulness import (
    DELETION,
    DROP,
    FAITHFULNESS_COLUMNS,
    INCREASE,
    INSERTION,
    MEASURES,
    blurred,
    faithfulness,
    pixel_ranks,
    scaled,
    softmax_score,
    step_counts,
    summarise_faithfulness,
)

CPU = torch.device("cpu")
SIZE = (8, 12)
CLASSES = (1, 2)  # of the two images


def tiny():
    """A network of three classes, its weights by a rule."""
    layers = [nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    network = nn.Sequential(*layers, nn.Linear(4, 3)).eval()
    with torch.no_grad():
        for n, values in enumerate(network.parameters()):
            steps = torch.arange(values.numel(), dtype=torch.float64)
            values.copy_((((steps * 7 + 3 * n) % 11 - 5) / 8).view_as(values))
    return network


def inputs():
    """Two images (3, 8, 12) and maps of 96 different values, by a rule too."""
    steps = np.arange(2 * 3 * 96)
    images = ((steps * 37 % 101 - 50) / 25).reshape(2, 3, *SIZE).astype(np.float32)
    maps = np.stack([np.arange(96) * 29 % 97, (np.arange(96) * 45 + 7) % 97])
    return torch.from_numpy(images), torch.from_numpy(maps.reshape(2, *SIZE).astype(np.float32))


def measured(steps=12, batch=32, network=None):
    """The measures of both images by ``tiny``."""
    network = network or tiny()
    return [
        faithfulness(
            softmax_score(network, label), image, heat, steps=steps, batches=Batches(batch, CPU)
        )
        for image, heat, label in zip(*inputs(), CLASSES, strict=True)
    ]


def test_a_linear_score_gives_curves_that_are_known():
    """A score that is a sum over pixels falls and rises by the pixels' own parts."""
    torch.manual_seed(0)
    image, weights = torch.rand(3, *SIZE), torch.rand(3, *SIZE)
    parts, soft = (image * weights).sum(0), (blurred(image) * weights).sum(0)
    heat = torch.rand(SIZE)
    order = heat.flatten().argsort(descending=True)
    taken = parts.flatten()[order].double().cumsum(0)
    gained = (parts - soft).flatten()[order].double().cumsum(0)
    start = torch.zeros(1, dtype=torch.float64)
    found = faithfulness(
        lambda batch: (batch * weights).sum((1, 2, 3)), image, heat, steps=96,
        batches=Batches(10, CPU),
    )  # fmt: skip
    deletion = float(parts.sum()) - torch.cat([start, taken])
    insertion = float(soft.sum()) + torch.cat([start, gained])
    assert found[DELETION] == pytest.approx(float(torch.trapezoid(deletion)) / 96, rel=1e-5)
    assert found[INSERTION] == pytest.approx(float(torch.trapezoid(insertion)) / 96, rel=1e-5)
    kept = float((parts * scaled(heat)).sum() / parts.sum())
    assert found[DROP] == pytest.approx(1 - kept, rel=1e-5)
    assert found[INCREASE] == 0


def test_the_map_of_the_parts_deletes_best_and_the_opposite_one_inserts_worst():
    torch.manual_seed(0)
    image = torch.rand(1, *SIZE)
    best, worst = (
        faithfulness(
            lambda batch: batch.mean((1, 2, 3)), image, heat, steps=8, batches=Batches(32, CPU)
        )
        for heat in (image[0], -image[0])
    )
    assert best[DELETION] < worst[DELETION]
    equal = faithfulness(
        lambda batch: batch.mean((1, 2, 3)), torch.ones(1, *SIZE), image[0], steps=7,
        batches=Batches(32, CPU),
    )  # fmt: skip
    assert equal[DELETION] == pytest.approx(0.5)  # a straight line from one to zero


@pytest.mark.parametrize("steps", [1, 5, 12, 96, 150])
def test_measures_are_those_of_pixels_changed_one_by_one(steps):
    network = tiny()

    def score(image, label):
        with torch.no_grad():
            return float(network(image[None]).double().softmax(1)[0, label])

    for image, heat, label, found in zip(*inputs(), CLASSES, measured(steps), strict=True):
        order = sorted(range(96), key=lambda pixel: -float(heat.flatten()[pixel]))
        gone, come = image.clone(), blurred(image)
        curves, shares = {DELETION: [], INSERTION: []}, []
        done = 0
        for step in range(steps + 1):
            while done < round(step * 96 / steps):
                y, x = divmod(order[done], 12)
                gone[:, y, x], come[:, y, x] = 0, image[:, y, x]
                done += 1
            curves[DELETION].append(score(gone, label))
            curves[INSERTION].append(score(come, label))
            shares.append(done / 96)
        for name, curve in curves.items():
            area = sum(
                (shares[k + 1] - shares[k]) * (curve[k] + curve[k + 1]) / 2 for k in range(steps)
            )
            assert found[name] == pytest.approx(area, rel=1e-5), name
        whole, masked = score(image, label), score(image * heat / heat.max(), label)
        assert float(heat.min()) == 0  # so that this is the scaled map
        assert found[DROP] == pytest.approx(max(0, whole - masked) / whole, abs=1e-6)
        assert found[INCREASE] == (masked > whole)


def test_batches_change_nothing_nor_do_those_that_run_out_of_memory(small_memory):
    whole = measured()
    for batch in (1, 7):
        for one, other in zip(whole, measured(batch=batch), strict=True):
            assert one == pytest.approx(other, rel=1e-5)
    tried = small_memory(5)
    for one, other in zip(whole, measured(batch=64), strict=True):
        assert one == pytest.approx(other, rel=1e-5)
    assert tried[0] == 2 * 13 + 1  # all that is made of an image at once
    assert max(tried[3:9]) <= 5


# Quantus 0.6.0: PixelFlipping(features_in_step=24, perturb_baseline=0.0)(model=tiny(), x_batch=images,
# y_batch=CLASSES, a_batch=maps[:, None], softmax=True): the scores after each step, of eight pixels in
# three channels.
QUANTUS = (
    (0.124685, 0.140785, 0.159295, 0.174426, 0.193126, 0.219654),
    (0.237636, 0.258362, 0.281675, 0.299365, 0.331011, 0.389664),
    (0.310786, 0.302103, 0.296901, 0.293831, 0.282005, 0.265403),
    (0.254499, 0.242269, 0.224816, 0.206533, 0.190579, 0.175635),
)
QUANTUS_CURVES = np.array(QUANTUS).reshape(2, 12)


def areas(curves):
    """The areas under curves of Quantus, which lack the whole image's score."""
    images, _ = inputs()
    with torch.no_grad():
        whole = tiny()(images).softmax(1)[range(2), CLASSES].numpy()
    curves = np.concatenate([whole[:, None], curves], axis=1)
    return ((curves[:, 1:] + curves[:, :-1]) / 2).mean(1)


def test_deletion_is_what_quantus_has_given():
    assert [each[DELETION] for each in measured()] == pytest.approx(areas(QUANTUS_CURVES), abs=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_deletion_is_what_quantus_gives():
    """Only where it is installed: it needs another build of OpenCV than this project."""
    quantus = pytest.importorskip("quantus")
    images, maps = inputs()
    flipping = quantus.PixelFlipping(
        features_in_step=24, perturb_baseline=0.0, disable_warnings=True
    )
    curves = flipping(
        model=tiny(), x_batch=images.numpy(), y_batch=np.array(CLASSES),
        a_batch=maps.numpy()[:, None], softmax=True, device="cpu", channel_first=True,
    )  # fmt: skip
    assert np.array(curves) == pytest.approx(QUANTUS_CURVES, abs=1e-6)
    assert [each[DELETION] for each in measured()] == pytest.approx(
        areas(np.array(curves)), abs=1e-6
    )


class Given:
    """What torchcam's metrics take for an extractor of maps: it returns those given."""

    def __init__(self, network, maps):
        self.model, self._maps = network, maps

    def __call__(self, *_args, **_options):
        return [self._maps]

    def fuse_cams(self, maps):
        return maps[0]

    def _hooks_off(self):
        return nullcontext()


def by_torchcam(metric, maps, **options):
    images, _ = inputs()
    made = metric(Given(tiny(), maps), lambda logits: logits.softmax(-1), **options)
    made.update(images, list(CLASSES))
    return made.summary()


@pytest.mark.skipif(
    not hasattr(torchcam.metrics, "DeletionInsertionMetric"), reason="needs torchcam 0.5"
)
@pytest.mark.parametrize("steps", [4, 12, 96])
def test_deletion_and_insertion_are_torchcams(steps):
    metric = torchcam.metrics.DeletionInsertionMetric
    images, maps = inputs()
    found = pd.DataFrame(measured(steps)).mean()
    grey = by_torchcam(metric, maps, steps=steps)
    soft = torch.stack([blurred(image) for image in images])
    assert found[DELETION] == pytest.approx(grey["deletion_auc"], rel=1e-5)
    blur = by_torchcam(metric, maps, steps=steps, baseline=soft)
    assert found[INSERTION] == pytest.approx(blur["insertion_auc"], rel=1e-5)


def test_drop_and_increase_are_those_of_two_packages():
    images, maps = inputs()
    scores = pd.DataFrame(measured())
    assert scores[DROP].max() > 0
    unit = torch.stack([scaled(heat) for heat in maps])
    theirs = by_torchcam(torchcam.metrics.ClassificationMetric, unit)
    assert scores[DROP].mean() == pytest.approx(theirs["avg_drop"], abs=1e-6)
    assert scores[INCREASE].mean() == theirs["conf_increase"]
    targets = [ClassifierOutputSoftmaxTarget(label) for label in CLASSES]
    network = tiny()
    drop, increase = (
        metric()(images, unit.numpy(), targets, network)
        for metric in (DropInConfidence, IncreaseInConfidence)
    )
    with torch.no_grad():
        whole = network(images).softmax(1)[range(2), CLASSES].numpy()
    assert scores[DROP].to_numpy() == pytest.approx(drop / whole, abs=1e-5)  # theirs is no fraction
    assert scores[INCREASE].to_numpy() == pytest.approx(increase)


def test_pixels_are_ranked_from_the_highest_and_ties_in_reading_order():
    heat = torch.tensor([[1.0, 5.0], [5.0, -2.0]])
    assert pixel_ranks(heat).tolist() == [[2, 0], [1, 3]]
    assert pixel_ranks(torch.zeros(2, 3)).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_the_same_number_of_pixels_changes_in_each_step():
    assert step_counts(96, 12).tolist() == list(range(0, 97, 8))
    counts = step_counts(12544, 28)
    assert (counts[0], counts[-1]) == (0, 12544)
    assert counts.diff().unique().tolist() == [448]


def test_a_constant_map_scales_to_zeros():
    assert (scaled(torch.full((2, 2), 3.0)) == 0).all()
    assert scaled(torch.tensor([[-1.0, 3.0]])).tolist() == [[0, 1]]


def test_images_of_224_pixels_are_blurred_as_in_the_authors_code():
    image = torch.rand(3, 224, 200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    places = np.arange(-5, 6)
    weights = np.exp(-(places**2) / 50)
    weights /= weights.sum()
    expected = image.numpy()
    for axis in (1, 2):
        expected = correlate1d(expected, weights, axis, mode="constant")
    assert blurred(image).numpy() == pytest.approx(expected, abs=1e-9)
    assert blurred(torch.ones(1, 112, 112))[0, 56, 56] == pytest.approx(1)


def test_scores_are_means_in_percent_with_intervals():
    rng = np.random.default_rng(0)
    images = pd.DataFrame(rng.uniform(size=(40, 4)), columns=list(MEASURES))
    images[INCREASE] = images[INCREASE].round()
    key = {"row": "net", "method": "cam", "crops": 1, "interpolation": "bilinear", "steps": 9}
    scores = summarise_faithfulness(images, **key)
    assert tuple(scores.columns) == FAITHFULNESS_COLUMNS
    assert list(scores["metric"]) == list(MEASURES)
    assert scores["value"].to_numpy() == pytest.approx(100 * images.mean().to_numpy())
    assert ((scores["low"] < scores["value"]) & (scores["value"] < scores["high"])).all()
    assert set(scores["n"]) == {40}
