"""One pass over an image set: the predictions and their maps."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from pipeline_lib.common.batches import Batches, memory_errors
from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import Picture
from pipeline_lib.common.machine import default_device
from pipeline_lib.data.loader import WarpedImages, image_batches, normalised
from pipeline_lib.data.manifest import identify_images
from pipeline_lib.localization import crops as ten
from pipeline_lib.localization.explainers import Explainer
from pipeline_lib.localization.predictions import PIXEL_METHODS, TOP_K, Header
from pipeline_lib.networks.card import Preprocessing

# A gradient keeps the output of every layer, class maps only the last one's: three to ten times the
# memory (docs/cluster.md). More crops at a time would hardly be faster.
MAX_GRADIENT_CROPS = 80


def predictions_header(
    explainer: Explainer,
    images: pd.DataFrame,
    manifest: Path,
    root: Path,
    *,
    crops: int,
    precision: str,
) -> Header:
    """Return the header of the predictions of ``images``, read from ``manifest``, below ``root``.

    Raises InputError for an image whose class is none of the explainer's.
    """
    index_of = {label: index for index, label in enumerate(explainer.class_labels)}
    unknown = sorted(set(images["label"]) - set(index_of) - {""})
    if unknown:
        raise InputError(f"{manifest}: class {unknown[0]} is none of the classifier's")
    return Header(
        image_id=list(images["image_id"]),
        true_class=np.array([index_of.get(label, -1) for label in images["label"]], np.int32),
        **explainer.header(crops),
        **identify_images(manifest, images, root)._asdict(),
        precision=precision,
    )


def predict(
    explainer: Explainer,
    pictures: Sequence[Picture],
    true_classes: np.ndarray,
    *,
    crops: int,
    guesses: bool = True,
    batch: int,
    workers: int,
    device: torch.device | None = None,
) -> Iterator[dict[str, np.ndarray]]:
    """Yield classes, scores, maps and true_map of ``Predictions``, a batch at a time, in order.

    ``true_classes`` is (n,) int, -1 where unknown (the map is then zero). Without ``guesses`` the true
    class alone has a map, which is enough for every error. Otherwise like ``explain``.
    """
    images = WarpedImages(pictures, input_size(explainer, crops))
    maps_guesses = guesses and explainer.method not in PIXEL_METHODS

    def with_truth(best: torch.Tensor, part: slice) -> torch.Tensor:
        truth = torch.from_numpy(true_classes[part]).long().clamp(min=0)[:, None]
        return torch.cat([best, truth], dim=1) if maps_guesses else truth

    done = 0
    for result in explain(
        explainer, images, with_truth,
        top=TOP_K, crops=crops, batch=batch, workers=workers, device=device,
    ):  # fmt: skip
        known = true_classes[done : done + len(result.maps)] >= 0
        done += len(result.maps)
        yield {
            "classes": result.classes,
            "scores": result.scores,
            "maps": result.maps[:, :-1],
            "true_map": result.maps[:, -1] * known[:, None, None, None],
        }


class Explained(NamedTuple):
    """What a network says of n images.

    ``classes`` (n, top) int32 and ``scores`` (n, top) float32, best first; ``mapped`` (n, k) int32 are
    the classes with ``maps`` (n, k, planes, h, w), and ``mapped_scores`` (n, k) float32 their scores.
    """

    classes: np.ndarray
    scores: np.ndarray
    mapped: np.ndarray
    mapped_scores: np.ndarray
    maps: np.ndarray


def input_size(explainer: Explainer, crops: int) -> tuple[int, int]:
    """Return the (height, width) that images are warped to. Raises InputError for other ``crops``.

    With one crop, the whole image is warped to the network's input, so that a map covers all of it.
    """
    if crops not in (1, ten.COUNT):
        raise InputError(f"{crops} crops: choose 1 or {ten.COUNT}")
    return explainer.preprocessing.size if crops == 1 else explainer.preprocessing.warped


def explain(
    explainer: Explainer,
    images: WarpedImages,
    classes_to_map: Callable[[torch.Tensor, slice], torch.Tensor],
    *,
    top: int,
    crops: int,
    batch: int,
    workers: int,
    device: torch.device | None = None,
) -> Iterator[Explained]:
    """Run images of ``input_size`` in order; yield what the network says of each batch.

    ``classes_to_map`` returns the (n, k) int64 classes that get maps, from the (n, top) best and the
    images' positions. With ten crops, classes are the top ones of the mean score. ``batch`` counts
    crops, of which PIXEL_METHODS take at most MAX_GRADIENT_CROPS; a batch that does not fit the memory
    is halved. ``workers`` are the threads that decode. Raises InputError for an image that does not fit.
    """
    device = device or default_device()
    with memory_errors(explainer.name, device):
        explainer.network.to(device, memory_format=torch.channels_last)
    if explainer.method in PIXEL_METHODS:
        batch = min(batch, MAX_GRADIENT_CROPS)
    batch = max(1, batch // crops)
    unit = "image" if crops == 1 else f"image of {crops} crops"
    batches, done = Batches(batch, device, unit), 0
    loaded = image_batches(images, batch, workers)
    for pixels in progress(loaded, "predicting", total=-(-len(images) // batch)):
        work = partial(_explain_batch, explainer, pixels, classes_to_map, done, top, crops, device)
        yield from batches.run(work, len(pixels))
        done += len(pixels)


def _explain_batch(
    explainer: Explainer,
    pixels: torch.Tensor,
    classes_to_map: Callable[[torch.Tensor, slice], torch.Tensor],
    done: int,
    top: int,
    crops: int,
    device: torch.device,
    batch: slice,
) -> Explained:
    """Explain a ``batch`` of (n, h, w, 3) uint8 images, the first of which has position ``done``.

    A function of its own, so that nothing on the device outlives it: the graph of a gradient would be
    kept until that of the next batch is complete.
    """
    pixels = pixels[batch]
    preprocessing = explainer.preprocessing
    if crops > 1:
        cut = ten.ten_crops(pixels.numpy(), preprocessing.size)
        pixels = torch.from_numpy(cut).flatten(0, 1)
    inputs = normalised(pixels, preprocessing.mean, preprocessing.std, device)
    logits, maps_of = explainer.network.explain(inputs)
    every = logits.softmax(1) if explainer.softmax else logits
    every = every.unflatten(0, (-1, crops)).mean(1)
    scores, classes = every.topk(min(top, logits.shape[1]), dim=1)
    positions = slice(done + batch.start, done + batch.stop)
    mapped = classes_to_map(classes.cpu(), positions).to(device)
    maps = maps_of(mapped.repeat_interleave(crops, 0)).unflatten(0, (-1, crops))
    if explainer.method in PIXEL_METHODS:
        planes = _saliency(maps.float().cpu().numpy(), preprocessing)
    elif maps.dim() > 5:  # by several methods, all of one crop: a plane for each
        planes = maps[:, 0].float().cpu().numpy()
    else:
        planes = maps.transpose(1, 2).float().cpu().numpy()
    return Explained(
        classes=classes.int().cpu().numpy(),
        scores=scores.float().cpu().numpy(),
        mapped=mapped.int().cpu().numpy(),
        mapped_scores=every.gather(1, mapped).float().cpu().numpy(),
        maps=planes,
    )


def _saliency(gradients: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """Turn (N, crops, k, 3, h, w) gradients into (N, k, 2, H, W) float16 planes of the whole image.

    Each map is scaled to a maximum of one: half floats cannot hold a gradient's scale.
    """
    strongest, total = np.abs(gradients).max(3), np.abs(gradients).sum(3)
    if gradients.shape[1] > 1:
        warped, size = preprocessing.warped, preprocessing.size
        covered = ten.merge_crops(np.ones((ten.COUNT, *size)), warped)
        strongest, total = (
            np.stack(
                [
                    [ten.merge_crops(image[:, k], warped) for k in range(image.shape[1])]
                    for image in planes
                ]
            )
            for planes in (strongest, total)
        )
        strongest = strongest / np.maximum(covered, 1)
    else:
        strongest, total = strongest[:, 0], total[:, 0]
    planes = np.stack([strongest, total], axis=2)
    top = planes.max((3, 4), keepdims=True)
    return (planes / np.where(top > 0, top, 1)).astype(np.float16)
