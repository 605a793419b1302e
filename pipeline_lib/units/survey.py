"""One pass over an image set: the images that activate each unit most, and how well classes do.

Memory does not grow with the number of images: it holds a few images per unit, four sums per class.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from pipeline_lib.common.batches import Batches, memory_errors
from pipeline_lib.common.command import progress
from pipeline_lib.common.images import Picture
from pipeline_lib.data.loader import WarpedImages, image_batches, normalised
from pipeline_lib.networks.card import Preprocessing
from pipeline_lib.units.unit_maps import UnitMaps


@dataclass(frozen=True)
class Survey:
    """The images that most activate each unit of a network's class map layer, strongest first.

    ``activations`` (units, k) float32 is the largest value in the map of an image, ``images`` (units,
    k) int64 the image's index, ``positions`` (units, k, 2) int64 the (y, x) of the value in the map.
    Ties go to the earlier image. Counts of labelled images for each class, (classes,) int64:
    ``class_images`` of the class, ``predicted`` as the class, ``correct`` both. ``score_sum``
    (classes,) float64 is the sum of the class's scores in its images.
    """

    activations: np.ndarray
    images: np.ndarray
    positions: np.ndarray
    class_images: np.ndarray
    predicted: np.ndarray
    correct: np.ndarray
    score_sum: np.ndarray


@torch.inference_mode()
def survey_units(
    network: UnitMaps,
    preprocessing: Preprocessing,
    pictures: Sequence[Picture],
    true_classes: np.ndarray,
    *,
    top: int,
    batch: int,
    workers: int,
    device: torch.device,
) -> Survey:
    """Run all images, warped whole to the network's input, and keep the ``top`` images of each unit.

    ``true_classes`` is (n,) int, -1 where unknown. A batch that does not fit the memory is halved.
    """
    with memory_errors("the network", device):
        network = network.to(device, memory_format=torch.channels_last)
    images = WarpedImages(pictures, preprocessing.size)
    loaded = image_batches(images, batch, workers, pin_memory=device.type == "cuda")
    best = tally = None  # best: (4, images, units): activation, image, y, x
    batches, done = Batches(batch, device), 0
    for pixels in progress(loaded, "surveying", total=-(-len(images) // batch)):
        work = partial(_peaks, network, preprocessing, device, pixels)
        for values, y, x, scores in batches.run(work, len(pixels)):
            index = torch.arange(done, done + len(values), device=device)
            batch_peaks = torch.stack((values.double(), index[:, None].expand_as(y), y, x))
            best = batch_peaks if best is None else torch.cat((best, batch_peaks), 1)
            order = best[0].sort(dim=0, descending=True, stable=True).indices[:top]
            best = best.gather(1, order.expand(4, -1, -1))
            if tally is None:
                tally = torch.zeros(4, scores.shape[1], dtype=torch.float64, device=device)
            truth = torch.from_numpy(true_classes[done : done + len(values)]).long().to(device)
            _count(tally, truth, scores)
            done += len(values)
    activations, index, y, x = best.transpose(1, 2).cpu().numpy()
    *counts, score_sum = tally.cpu().numpy()
    return Survey(
        activations.astype(np.float32),
        index.astype(np.int64),
        np.stack((y, x), axis=-1).astype(np.int64),
        *(count.astype(np.int64) for count in counts),
        score_sum=score_sum,
    )


def _peaks(
    network: UnitMaps,
    preprocessing: Preprocessing,
    device: torch.device,
    pixels: torch.Tensor,
    batch: slice,
) -> tuple[torch.Tensor, ...]:
    """Return each unit's largest activation, its y and x, (m, units), and the (m, classes) scores."""
    inputs = normalised(pixels[batch], preprocessing.mean, preprocessing.std, device)
    maps, logits = network(inputs)
    values, cells = maps.flatten(2).max(2)
    y, x = cells // maps.shape[3], cells % maps.shape[3]
    return values, y, x, logits.softmax(1).double()


def _count(tally: torch.Tensor, truth: torch.Tensor, scores: torch.Tensor) -> None:
    """Add a batch to ``tally`` (4, classes): its images, predicted, correct, and sum of scores."""
    known = truth >= 0
    truth, scores = truth[known], scores[known]
    predicted = scores.argmax(1)
    ones = torch.ones_like(truth, dtype=tally.dtype)
    tally[0].index_add_(0, truth, ones)
    tally[1].index_add_(0, predicted, ones)
    tally[2].index_add_(0, truth, (predicted == truth).to(tally.dtype))
    tally[3].index_add_(0, truth, scores.gather(1, truth[:, None])[:, 0])
