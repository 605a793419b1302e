"""One pass over an image set: the images that each unit fires at most, and where in them.

What is kept does not grow with the number of images: a few images a unit, four sums a class.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from pipeline_lib.common.command import progress
from pipeline_lib.data.loader import WarpedImages, image_batches, normalised
from pipeline_lib.networks.card import Preprocessing
from pipeline_lib.units.uncapped import UnitMaps


@dataclass(frozen=True)
class Survey:
    """What the units of a network's class map layer fire at, strongest first.

    ``activations`` (units, k) float32 is the largest value anywhere in the map of an image,
    ``images`` (units, k) int64 the image's index, ``places`` (units, k, 2) int64 where in the map it
    is, (y, x). Of equal values the image that came first is the stronger. Of each class, of all labelled
    images: ``seen`` (classes,) int64 are its images, ``guessed`` those whose first guess it is,
    ``right`` those that are both, ``certainty`` float64 the sum of its images' scores.
    """

    activations: np.ndarray
    images: np.ndarray
    places: np.ndarray
    seen: np.ndarray
    guessed: np.ndarray
    right: np.ndarray
    certainty: np.ndarray


@torch.inference_mode()
def survey(
    network: UnitMaps,
    preprocessing: Preprocessing,
    root: Path,
    paths: Sequence[str],
    true_classes: np.ndarray,
    *,
    keep: int,
    batch: int,
    workers: int = 0,
    device: torch.device,
) -> Survey:
    """Run all images, warped whole to the network's input, and keep each unit's ``keep`` strongest.

    ``true_classes`` is (n,) int, -1 where unknown.
    """
    network = network.to(device, memory_format=torch.channels_last)
    images = WarpedImages(root, paths, preprocessing.size)
    batches = image_batches(images, batch, workers, pin_memory=device.type == "cuda")
    best = None
    done = 0
    for pixels in progress(batches, "surveying", total=-(-len(images) // batch)):
        maps, logits = network(normalised(pixels, preprocessing.mean, preprocessing.std, device))
        values, cells = maps.flatten(2).max(2)  # (batch, units)
        index = torch.arange(done, done + len(pixels), device=device)
        found = torch.stack((values.double(), index[:, None].expand_as(cells), cells))
        best = found if best is None else torch.cat((best, found), 1)
        order = best[0].sort(dim=0, descending=True, stable=True).indices[:keep]
        best = best.gather(1, order.expand(3, -1, -1))
        if not done:
            tally = torch.zeros(4, logits.shape[1], dtype=torch.float64, device=device)
        truth = torch.from_numpy(true_classes[done : done + len(pixels)]).long().to(device)
        _count(tally, truth, logits.softmax(1).double())
        done += len(pixels)
    activations, index, cells = best.transpose(1, 2).cpu().numpy()
    *counts, certainty = tally.cpu().numpy()
    return Survey(
        activations.astype(np.float32),
        index.astype(np.int64),
        np.stack(np.divmod(cells.astype(np.int64), maps.shape[3]), axis=-1),
        *(count.astype(np.int64) for count in counts),
        certainty=certainty,
    )


def _count(tally: torch.Tensor, truth: torch.Tensor, scores: torch.Tensor) -> None:
    """Add a batch to the (4, classes) ``tally``: seen, guessed, right, and the true class's scores."""
    known = truth >= 0
    truth, scores = truth[known], scores[known]
    guess = scores.argmax(1)
    ones = torch.ones_like(truth, dtype=tally.dtype)
    tally[0].index_add_(0, truth, ones)
    tally[1].index_add_(0, guess, ones)
    tally[2].index_add_(0, truth, (guess == truth).to(tally.dtype))
    tally[3].index_add_(0, truth, scores.gather(1, truth[:, None])[:, 0])
