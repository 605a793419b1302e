"""One pass over an image set: the predictions and the maps behind them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.machine import default_device
from pipeline_lib.data.loader import WarpedImages, image_batches, normalised
from pipeline_lib.localization import crops as ten
from pipeline_lib.localization.predictions import TOP_K
from pipeline_lib.networks.card import Preprocessing
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.networks.gradients import Backprop, GradCam

METHODS = ("cam", "grad-cam", "backprop")


def explainer(
    classifier: nn.Module,
    preprocessing: Preprocessing,
    name: str,
    method: str | None = None,
    layer: str | None = None,
) -> tuple[nn.Module, str]:
    """Return what looks at images by ``method``, and the method's name.

    Without a method: class maps where the network has them, Grad-CAM where not, or where a ``layer``
    is named. Raises InputError for class maps of a network that has none, or of a layer of choice.
    """
    if method in ("cam", "backprop") and layer is not None:
        raise InputError(f"{name}: a layer is Grad-CAM's to choose; leave it out or use grad-cam")
    if method == "backprop":
        return Backprop(classifier, preprocessing.std), method
    if method != "grad-cam" and layer is None:
        try:
            return ClassMapNetwork(classifier, preprocessing.size, name), "cam"
        except InputError:
            if method == "cam":
                raise
    return GradCam(classifier, preprocessing.size, name, layer), "grad-cam"


def predict(
    looker: nn.Module,
    method: str,
    preprocessing: Preprocessing,
    root: Path,
    paths: Sequence[str],
    true_classes: np.ndarray,
    *,
    crops: int = 1,
    batch: int = 32,
    workers: int = 0,
    softmax: bool = True,
    device: torch.device | None = None,
) -> Iterator[dict[str, np.ndarray]]:
    """Yield classes, scores, maps and true_map of ``Predictions``, a batch at a time, in order.

    ``true_classes`` is (n,) int, -1 where unknown (the map is then zero). With one crop, the image is
    warped to the network's input whole, so that a map covers all of it; with ten, classes are the
    top ones of the mean score. Scores are the ``softmax`` of what the network puts out, or that itself
    (an SVM's decision values). Raises InputError for another number of crops.
    """
    if crops not in (1, ten.COUNT):
        raise InputError(f"{crops} crops: there are 1 and {ten.COUNT}")
    device = device or default_device()
    looker = looker.to(device, memory_format=torch.channels_last)
    batch = max(1, batch // crops)
    images = WarpedImages(root, paths, preprocessing.size if crops == 1 else preprocessing.warped)
    batches = image_batches(images, batch, workers)
    done = 0
    for pixels in progress(batches, "predicting", total=-(-len(images) // batch)):
        if crops > 1:
            pixels = torch.from_numpy(ten.ten_crops(pixels.numpy(), preprocessing.size)).flatten(
                0, 1
            )
        inputs = normalised(pixels, preprocessing.mean, preprocessing.std, device)
        logits, maps_of = looker.look(inputs)
        scores = logits.softmax(1) if softmax else logits
        scores = scores.unflatten(0, (-1, crops)).mean(1)
        scores, classes = scores.topk(min(TOP_K, logits.shape[1]), dim=1)
        truth = torch.from_numpy(true_classes[done : done + len(classes)]).long().to(device)
        guesses = classes[:, :0] if method == "backprop" else classes
        asked = torch.cat([guesses, truth.clamp(min=0)[:, None]], dim=1)
        found = maps_of(asked.repeat_interleave(crops, 0)).unflatten(0, (-1, crops))
        if method == "backprop":
            planes = _saliency(found.float().cpu().numpy(), preprocessing)
        else:
            planes = found.transpose(1, 2).float().cpu().numpy()
        known = (truth >= 0).cpu().numpy()[:, None, None, None]
        yield {
            "classes": classes.int().cpu().numpy(),
            "scores": scores.float().cpu().numpy(),
            "maps": planes[:, :-1],
            "true_map": planes[:, -1] * known,
        }
        done += len(classes)


def _saliency(gradients: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """(N, crops, k, 3, h, w) gradients to (N, k, 2, H, W) float16 planes over the whole image.

    Each map is scaled to a maximum of one: half floats have no room for a gradient's scale.
    """
    strongest, total = np.abs(gradients).max(3), np.abs(gradients).sum(3)
    if gradients.shape[1] > 1:
        warped, size = preprocessing.warped, preprocessing.size
        covered = ten.merged(np.ones((ten.COUNT, *size)), warped)
        strongest, total = (
            np.stack(
                [[ten.merged(kind[:, k], warped) for k in range(kind.shape[1])] for kind in part]
            )
            for part in (strongest, total)
        )
        strongest = strongest / np.maximum(covered, 1)
    else:
        strongest, total = strongest[:, 0], total[:, 0]
    planes = np.stack([strongest, total], axis=2)
    top = planes.max((3, 4), keepdims=True)
    return (planes / np.where(top > 0, top, 1)).astype(np.float16)
