"""One pass over an image set: the predictions and their maps."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

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
from pipeline_lib.localization.predictions import TOP_K, Header
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
        class_labels=explainer.class_labels,
        name=explainer.name,
        method=explainer.method,
        crops=crops,
        size=explainer.preprocessing.size,
        warped=explainer.preprocessing.warped,
        network=explainer.fingerprint,
        **identify_images(manifest, images, root)._asdict(),
        precision=precision,
    )


def predict(
    explainer: Explainer,
    pictures: Sequence[Picture],
    true_classes: np.ndarray,
    *,
    crops: int,
    batch: int,
    workers: int,
    device: torch.device | None = None,
) -> Iterator[dict[str, np.ndarray]]:
    """Yield classes, scores, maps and true_map of ``Predictions``, a batch at a time, in order.

    ``true_classes`` is (n,) int, -1 where unknown (the map is then zero). With one crop, the whole
    image is warped to the network's input, so that a map covers all of it; with ten, classes are the
    top ones of the mean score. ``batch`` counts crops, of which backprop takes at most
    MAX_GRADIENT_CROPS; a batch that does not fit the memory is halved. ``workers`` are the processes
    that decode. Raises InputError for another number of crops, and for an image that does not fit.
    """
    if crops not in (1, ten.COUNT):
        raise InputError(f"{crops} crops: choose 1 or {ten.COUNT}")
    device = device or default_device()
    preprocessing = explainer.preprocessing
    with memory_errors(explainer.name, device):
        explainer.network.to(device, memory_format=torch.channels_last)
    if explainer.method == "backprop":
        batch = min(batch, MAX_GRADIENT_CROPS)
    batch = max(1, batch // crops)
    images = WarpedImages(pictures, preprocessing.size if crops == 1 else preprocessing.warped)
    loaded = image_batches(images, batch, workers)
    unit = "image" if crops == 1 else f"image of {crops} crops"
    batches, done = Batches(batch, device, unit), 0
    for pixels in progress(loaded, "predicting", total=-(-len(images) // batch)):
        truth = torch.from_numpy(true_classes[done : done + len(pixels)]).long()
        work = partial(_predict_batch, explainer, pixels, truth, crops, device)
        yield from batches.run(work, len(pixels))
        done += len(pixels)


def _predict_batch(
    explainer: Explainer,
    pixels: torch.Tensor,
    truth: torch.Tensor,
    crops: int,
    device: torch.device,
    batch: slice,
) -> dict[str, np.ndarray]:
    """Return the predictions of a ``batch`` of (n, h, w, 3) uint8 images with (n,) true classes.

    A function of its own, so that nothing on the device outlives it: the graph of a gradient would be
    kept until that of the next batch is complete.
    """
    pixels, truth = pixels[batch], truth[batch].to(device)
    preprocessing = explainer.preprocessing
    if crops > 1:
        cut = ten.ten_crops(pixels.numpy(), preprocessing.size)
        pixels = torch.from_numpy(cut).flatten(0, 1)
    inputs = normalised(pixels, preprocessing.mean, preprocessing.std, device)
    logits, maps_of = explainer.network.explain(inputs)
    scores = logits.softmax(1) if explainer.softmax else logits
    scores = scores.unflatten(0, (-1, crops)).mean(1)
    scores, classes = scores.topk(min(TOP_K, logits.shape[1]), dim=1)
    guesses = classes[:, :0] if explainer.method == "backprop" else classes
    mapped = torch.cat([guesses, truth.clamp(min=0)[:, None]], dim=1)
    maps = maps_of(mapped.repeat_interleave(crops, 0)).unflatten(0, (-1, crops))
    if explainer.method == "backprop":
        planes = _saliency(maps.float().cpu().numpy(), preprocessing)
    else:
        planes = maps.transpose(1, 2).float().cpu().numpy()
    known = (truth >= 0).cpu().numpy()[:, None, None, None]
    return {
        "classes": classes.int().cpu().numpy(),
        "scores": scores.float().cpu().numpy(),
        "maps": planes[:, :-1],
        "true_map": planes[:, -1] * known,
    }


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
