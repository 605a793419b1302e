"""The randomization test: what is left of a network's maps when its weights are random.

Source: Adebayo et al., "Sanity checks for saliency maps", 2018. The layers are randomized cumulatively,
from the scores down (``networks/randomization.py``); after each stage the absolute map of the true class
is compared with that of the trained network. A low agreement says that the method depends on what was
learned. It is disputed what the scores say beyond that (Yona and Greenfeld 2021; Binder et al. 2023).
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import torch
from torch import nn

from pipeline_lib.common.batches import Batches, memory_errors
from pipeline_lib.common.command import progress
from pipeline_lib.data.loader import WarpedImages, image_batches, normalised
from pipeline_lib.evaluation.map_agreement import absolute_maps, agreement, is_constant
from pipeline_lib.localization.explainers import Explainer
from pipeline_lib.localization.forward import MAX_GRADIENT_CROPS
from pipeline_lib.networks.randomization import Stage, randomize, weights_kept


def agreement_by_stage(
    classifier: nn.Module,
    explainers: Mapping[str, Explainer],
    images: WarpedImages,
    true_class: np.ndarray,
    stages: Sequence[Stage],
    *,
    seed: int,
    batch: int,
    workers: int,
    device: torch.device,
) -> dict[str, np.ndarray]:
    """Return how alike each method's maps are to the trained network's, (images, stages, measures).

    All ``explainers`` are of the one ``classifier``, which at the end is as it was; ``images`` have the
    size of its input. Measures are those of ``agreement``. Where the trained network's map is
    constant there is nothing to agree with: NaN. One batch of images is in memory at a time.
    """
    first = next(iter(explainers.values()))
    with memory_errors(first.name, device):
        for explainer in explainers.values():
            explainer.network.to(device, memory_format=torch.channels_last)
    batches, done = Batches(min(batch, MAX_GRADIENT_CROPS), device), 0
    found: dict[str, list[np.ndarray]] = {method: [] for method in explainers}
    loaded = image_batches(images, batches.size, workers)
    for pixels in progress(loaded, "randomizing", total=-(-len(images) // batches.size)):
        work = partial(
            _batch, classifier, explainers, pixels, true_class[done:], stages, seed, device
        )
        for result in batches.run(work, len(pixels)):
            for method, values in result.items():
                found[method].append(values)
        done += len(pixels)
    return {method: np.concatenate(parts) for method, parts in found.items()}


def _batch(
    classifier: nn.Module,
    explainers: Mapping[str, Explainer],
    pixels: torch.Tensor,
    true_class: np.ndarray,
    stages: Sequence[Stage],
    seed: int,
    device: torch.device,
    batch: slice,
) -> dict[str, np.ndarray]:
    """Return the agreement of a ``batch`` of (n, h, w, 3) uint8 images, by method."""
    preprocessing = next(iter(explainers.values())).preprocessing
    inputs = normalised(pixels[batch], preprocessing.mean, preprocessing.std, device)
    classes = torch.from_numpy(true_class[batch]).long()[:, None].to(device)

    def maps_by(explainer: Explainer) -> np.ndarray:
        _, maps_of = explainer.network.explain(inputs)
        maps = maps_of(classes)[:, 0]
        if maps.dim() == 4:  # a gradient: its largest channel (Simonyan et al. 2013)
            maps = maps.abs().amax(1)
        return absolute_maps(maps.float().cpu().numpy(), preprocessing.size)

    trained = {method: maps_by(explainer) for method, explainer in explainers.items()}
    found: dict[str, list[np.ndarray]] = {method: [] for method in explainers}
    with weights_kept(classifier):
        for stage in stages:
            randomize(classifier, stage.modules, seed)
            for method, explainer in explainers.items():
                found[method].append(agreement(trained[method], maps_by(explainer)))
    return {
        method: np.where(
            is_constant(trained[method])[:, None, None], np.nan, np.stack(values, axis=1)
        )
        for method, values in found.items()
    }
