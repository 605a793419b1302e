"""One pass of a network over images, whole or cropped to boxes."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import torch
from torch import nn

from pipeline_lib.common.batches import Batches, memory_errors
from pipeline_lib.common.images import Picture
from pipeline_lib.common.machine import default_device
from pipeline_lib.data.loader import CroppedImages, WarpedImages, image_batches, normalised
from pipeline_lib.networks.card import Preprocessing

PRECISIONS = {"float32": torch.float32, "tf32": torch.float32, "bfloat16": torch.bfloat16}


def feature_batches(
    network: nn.Module,
    preprocessing: Preprocessing,
    pictures: Sequence[Picture],
    boxes: np.ndarray | None = None,
    *,
    batch: int,
    workers: int,
    precision: str,
    device: torch.device | None = None,
) -> Iterator[np.ndarray]:
    """Yield the features of each batch of images, (m, d) float32, in order.

    Each image, cropped to its box of the (n, 4) half-open ``boxes`` (pixels of the image) if they are
    given, is warped to the network's input. With ``precision`` bfloat16 (autocast), features differ
    from float32's by up to one percent of their length (tested to two). tf32 is float32 where
    ``machine.use_precision`` has switched TF32 on. A batch that does not fit the memory is computed in
    smaller ones. Raises InputError for an image that does not fit.
    """
    device = device or default_device()
    with memory_errors("the network", device):
        network = network.to(device, memory_format=torch.channels_last)
    if boxes is None:
        images = WarpedImages(pictures, preprocessing.size)
    else:
        images = CroppedImages(pictures, preprocessing.size, boxes)
    batches = Batches(batch, device)
    for pixels in image_batches(images, batch, workers, pin_memory=device.type == "cuda"):
        work = partial(_features_of, network, preprocessing, PRECISIONS[precision], device, pixels)
        yield np.concatenate(list(batches.run(work, len(pixels))))


@torch.inference_mode()
def _features_of(
    network: nn.Module,
    preprocessing: Preprocessing,
    precision: torch.dtype,
    device: torch.device,
    pixels: torch.Tensor,
    batch: slice,
) -> np.ndarray:
    """Return the (m, d) float32 features of a ``batch`` of (n, h, w, 3) uint8 images."""
    inputs = normalised(pixels[batch], preprocessing.mean, preprocessing.std, device)
    with torch.autocast(device.type, precision, enabled=precision != torch.float32):
        return network(inputs).float().cpu().numpy()
