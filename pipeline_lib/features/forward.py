"""One pass of a network over images, or over what boxes cut out of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from pipeline_lib.common.machine import default_device
from pipeline_lib.data.loader import CroppedImages, WarpedImages, image_batches, normalised
from pipeline_lib.networks.card import Preprocessing

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def extract(
    network: nn.Module,
    preprocessing: Preprocessing,
    root: Path,
    paths: Sequence[str],
    boxes: np.ndarray | None = None,
    *,
    batch: int = 32,
    workers: int = 0,
    precision: str = "float32",
    device: torch.device | None = None,
) -> Iterator[np.ndarray]:
    """Yield the (m, d) float32 features of a batch of images at a time, in order.

    Each image, or its part in one of the (n, 4) half-open ``boxes`` (pixels of the image), is warped to
    the network's input. ``precision`` bfloat16 is autocast's: the features then differ from float32's
    by up to one percent of their length (tested to two). It gains on GPUs, and on CPUs only with
    instructions for it: others are several times slower.
    """
    device = device or default_device()
    network = network.to(device, memory_format=torch.channels_last)
    if boxes is None:
        images = WarpedImages(root, paths, preprocessing.size)
    else:
        images = CroppedImages(root, paths, preprocessing.size, boxes)
    with torch.inference_mode():
        for pixels in image_batches(images, batch, workers, pin_memory=device.type == "cuda"):
            inputs = normalised(pixels, preprocessing.mean, preprocessing.std, device)
            with torch.autocast(device.type, PRECISIONS[precision], enabled=precision != "float32"):
                features = network(inputs)
            yield features.float().cpu().numpy()
