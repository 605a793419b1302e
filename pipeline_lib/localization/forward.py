"""One forward pass over an image set: the predictions and the class maps behind them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from pipeline_lib.common.command import progress
from pipeline_lib.data.loader import WarpedImages, image_batches, normalised
from pipeline_lib.localization.predictions import TOP_K
from pipeline_lib.networks.card import Preprocessing
from pipeline_lib.networks.class_maps import ClassMapNetwork, class_maps


@torch.inference_mode()
def predict(
    network: ClassMapNetwork,
    preprocessing: Preprocessing,
    root: Path,
    paths: Sequence[str],
    true_classes: np.ndarray,
    *,
    batch: int = 32,
    workers: int = 0,
    device: torch.device | None = None,
) -> dict[str, np.ndarray]:
    """Return classes, scores, maps and true_map of ``Predictions`` for the images in order.

    ``true_classes`` is (n,) int, -1 where unknown (its map is then zero). The image is warped to the
    network's input whole, so a map covers the whole image. Scores are softmax over all classes.
    """
    device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = network.to(device, memory_format=torch.channels_last)
    images = WarpedImages(root, paths, preprocessing.size)
    parts: dict[str, list[np.ndarray]] = {"classes": [], "scores": [], "maps": [], "true_map": []}
    done = 0
    batches = image_batches(images, batch, workers)
    for pixels in progress(batches, "predicting", total=-(-len(images) // batch)):
        inputs = normalised(pixels, preprocessing.mean, preprocessing.std, device)
        maps, logits = network(inputs)
        scores, classes = logits.softmax(1).topk(min(TOP_K, logits.shape[1]), dim=1)
        truth = torch.from_numpy(true_classes[done : done + len(pixels)]).long().to(device)
        asked = torch.cat([classes, truth.clamp(min=0)[:, None]], dim=1)
        found = class_maps(maps, network.weights, asked)
        parts["classes"].append(classes.int().cpu().numpy())
        parts["scores"].append(scores.float().cpu().numpy())
        parts["maps"].append(found[:, :-1].float().cpu().numpy())
        parts["true_map"].append((found[:, -1] * (truth >= 0)[:, None, None]).float().cpu().numpy())
        done += len(pixels)
    return {key: np.concatenate(arrays) for key, arrays in parts.items()}
