"""Features from JPEG files, against the loop that a user of timm writes, and the forward pass alone.

That loop is timm's own transform (without a crop) in a DataLoader, then ``forward_features`` and
``forward_head(pre_logits=True)``; both get the same network (random weights), files, batches, workers.
The forward pass alone reads warped images from memory. ResNet-50 at 224 pixels on a GPU, else ResNet-18.
"""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

from benchmarks.harness import Measured, paired
from pipeline_lib.common.images import STORED, Picture
from pipeline_lib.data.loader import WarpedImages, normalised
from pipeline_lib.features.feature_network import FeatureNetwork
from pipeline_lib.features.forward import feature_batches
from pipeline_lib.networks.card import Preprocessing

SIDE = 224
ON_GPU = {"network": "resnet50", "images": 4096, "batch": 128, "workers": 12}
ON_CPU = {"network": "resnet18", "images": 96, "batch": 32, "workers": 1}


def write_photographs(folder: Path, count: int) -> list[str]:
    """Write ``count`` smooth JPEG files of 500 x 375 pixels, ImageNet's usual size."""
    rng = np.random.default_rng(0)
    names = [f"{index}.jpg" for index in range(count)]
    for name in names:
        coarse = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
        coarse.resize((500, 375), Image.Resampling.BICUBIC).save(folder / name, quality=90)
    return names


def measure(repeats: int, quick: bool) -> Iterator[Measured]:
    """Yield a line for each peer."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    sizes = ON_GPU if device.type == "cuda" else ON_CPU
    count = sizes["batch"] if quick else sizes["images"]
    torch.manual_seed(0)
    theirs = timm.create_model(sizes["network"], pretrained=False).eval()
    ours = timm.create_model(sizes["network"], pretrained=False)
    ours.load_state_dict(theirs.state_dict())
    ours = FeatureNetwork(ours, (SIDE, SIDE))
    loading = {"batch": sizes["batch"], "workers": sizes["workers"]}
    preprocessing = Preprocessing((SIDE, SIDE))
    with tempfile.TemporaryDirectory() as folder:
        names = write_photographs(Path(folder), count)
        pictures = [Picture(Path(folder) / name, STORED) for name in names]
        step = partial(
            feature_batches, ours, preprocessing, pictures,
            precision="float32", device=device, **loading,
        )  # fmt: skip
        loop = partial(plain_loop, theirs, Path(folder), names, side=SIDE, device=device, **loading)
        found, expected = (np.concatenate(list(way())) for way in (step, loop))
        apart = np.linalg.norm(found - expected, axis=1) / np.linalg.norm(expected, axis=1)
        if apart.max() > 1e-3:
            raise AssertionError(f"features differ by {apart.max():.1g} of their length")
        timing = partial(
            paired, f"features of {sizes['network']} from JPEG files", lambda: list(step()),
            items=count, unit="images/s", repeats=repeats,
        )  # fmt: skip
        yield timing(
            lambda: list(loop()), peer="timm in a DataLoader", aim=1,
            same=f"features, to {apart.max():.0e} of their length",
        )  # fmt: skip
        warped = WarpedImages(pictures, (SIDE, SIDE))
        pixels = torch.stack([warped[n] for n in range(count)])
        alone = partial(forward, theirs.to(device), pixels, preprocessing, sizes["batch"], device)
        yield timing(alone, peer="its forward pass alone", aim=0.9, same="the limit")


@torch.inference_mode()
def forward(
    network: nn.Module,
    pixels: torch.Tensor,
    preprocessing: Preprocessing,
    batch: int,
    device: torch.device,
) -> None:
    """Run images in memory, (n, h, w, 3) uint8."""
    network.to(memory_format=torch.channels_last)
    for part in pixels.split(batch):
        inputs = normalised(part, preprocessing.mean, preprocessing.std, device)
        network.forward_head(network.forward_features(inputs), pre_logits=True).cpu()


class Transformed(Dataset):
    """Image files, opened and transformed as in a tutorial."""

    def __init__(self, folder: Path, names: list[str], transform: Callable) -> None:
        self.folder, self.names, self.transform = folder, names, transform

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.transform(Image.open(self.folder / self.names[index]).convert("RGB"))


def plain_loop(
    network: nn.Module,
    folder: Path,
    names: list[str],
    *,
    side: int,
    batch: int,
    workers: int,
    device: torch.device,
) -> Iterator[np.ndarray]:
    """Yield features as a user of timm would extract them."""
    transform = timm.data.create_transform(
        side, interpolation="bicubic", crop_pct=1.0, crop_mode="squash"
    )
    images = Transformed(folder, names, transform)
    network = network.to(device)
    with torch.inference_mode():
        for inputs in DataLoader(
            images, batch, num_workers=workers, pin_memory=device.type == "cuda"
        ):
            maps = network.forward_features(inputs.to(device, non_blocking=True))
            yield network.forward_head(maps, pre_logits=True).cpu().numpy()
