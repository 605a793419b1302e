"""Speed of feature extraction: the step's forward pass against the loop that a user of timm would write.

That loop is timm's own transform in a DataLoader, then ``forward_features`` and
``forward_head(pre_logits=True)``; both get the same network, JPEG files, batches, workers and
threads. ResNet-50 at 224 pixels, on a CPU ResNet-18 at 128. Ratios above 1 mean that the step is faster;
each compares two consecutive passes, and their order alternates.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

from pipeline_lib.features.feature_network import FeatureNetwork
from pipeline_lib.features.forward import feature_batches
from pipeline_lib.networks.card import Preprocessing


def make_parser() -> argparse.ArgumentParser:
    """The command line; sizes that are not given depend on the device."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--network", help="network of timm: resnet50 on a GPU, else resnet18")
    parser.add_argument(
        "--side", type=int, help="side of the input in pixels: 224 on a GPU, else 128"
    )
    parser.add_argument("--images", type=int, help="4096 on a GPU, else 64")
    parser.add_argument("--batch", type=int, help="128 on a GPU, else 16")
    parser.add_argument(
        "--workers", type=int, help="processes that decode images: 12 on a GPU, else 1"
    )
    parser.add_argument(
        "--repeats", type=int, default=5, help="repetitions; the median is reported"
    )
    parser.add_argument(
        "--quick", action="store_true", help="three short repetitions, to try it out"
    )
    parser.add_argument("--out", type=Path, help="write the numbers here, as JSON")
    return parser


def write_photographs(folder: Path, count: int) -> list[str]:
    """Write ``count`` smooth JPEG files of 500 x 375 pixels, ImageNet's usual size."""
    rng = np.random.default_rng(0)
    names = [f"{index}.jpg" for index in range(count)]
    for name in names:
        coarse = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
        coarse.resize((500, 375), Image.Resampling.BICUBIC).save(folder / name, quality=90)
    return names


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
    device: str,
) -> Iterator[np.ndarray]:
    """Yield features as a user of timm would extract them."""
    transform = timm.data.create_transform(side, interpolation="bicubic", crop_pct=1.0)
    images = Transformed(folder, names, transform)
    network = network.to(device)
    with torch.inference_mode():
        for inputs in DataLoader(images, batch, num_workers=workers, pin_memory=device == "cuda"):
            maps = network.forward_features(inputs.to(device, non_blocking=True))
            yield network.forward_head(maps, pre_logits=True).cpu().numpy()


def speed(extraction: Callable[[], Iterator[np.ndarray]], count: int) -> float:
    """Extract all features; return images per second, the start of the workers included."""
    started = time.perf_counter()
    total = sum(len(features) for features in extraction())
    assert total == count
    return count / (time.perf_counter() - started)


def main() -> int:
    """Write images, extract their features in every way in turn, print the table."""
    arguments = make_parser().parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    sizes = {"network": "resnet50", "side": 224, "images": 4096, "batch": 128, "workers": 12}
    if device == "cpu":
        sizes = {"network": "resnet18", "side": 128, "images": 64, "batch": 16, "workers": 1}
    if arguments.quick:
        sizes["images"], arguments.repeats = sizes["batch"], 3
    sizes |= {name: value for name in sizes if (value := getattr(arguments, name)) is not None}
    size = (sizes["side"], sizes["side"])
    torch.manual_seed(0)
    theirs = timm.create_model(sizes["network"], pretrained=False).eval()
    ours = timm.create_model(sizes["network"], pretrained=False)
    ours.load_state_dict(theirs.state_dict())
    ours = FeatureNetwork(ours, size)
    loading = {"batch": sizes["batch"], "workers": sizes["workers"]}
    with tempfile.TemporaryDirectory() as folder:
        names = write_photographs(Path(folder), sizes["images"])
        step = partial(
            feature_batches,
            ours,
            Preprocessing(size),
            Path(folder),
            names,
            **loading,
            precision="float32",
            device=torch.device(device),
        )
        ways = {
            "plain loop": partial(
                plain_loop,
                theirs,
                Path(folder),
                names,
                side=sizes["side"],
                **loading,
                device=device,
            ),
            "float32": step,
            "bfloat16": partial(step, precision="bfloat16"),
        }
        for extraction in ways.values():
            speed(extraction, len(names))  # warms up
        speeds_of: dict[str, list[float]] = {way: [] for way in ways}
        for repeat in range(arguments.repeats):
            for way in list(ways)[:: 1 if repeat % 2 else -1]:
                speeds_of[way].append(speed(ways[way], len(names)))
        exact, rounded = (np.concatenate(list(ways[way]())) for way in ("float32", "bfloat16"))
    parity = np.linalg.norm(rounded - exact, axis=1) / np.linalg.norm(exact, axis=1)
    device = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    print(
        f"{device}, {sizes['network']} at {sizes['side']} pixels, {sizes['images']} images, "
        f"batch {sizes['batch']}, {sizes['workers']} workers, {torch.get_num_threads()} threads"
    )
    print("way         images/s (median)  to the plain loop      min      max")
    ratios = {
        way: [ours / plain for ours, plain in zip(speeds, speeds_of["plain loop"], strict=True)]
        for way, speeds in speeds_of.items()
    }
    for way, speeds in speeds_of.items():
        ratio = ratios[way]
        print(
            f"{way:11} {statistics.median(speeds):17.1f} {statistics.median(ratio):18.3f} "
            f"{min(ratio):8.3f} {max(ratio):8.3f}"
        )
    print(f"bfloat16 differs from float32 by {parity.max():.4f} of the features' length at most")
    if arguments.out:
        numbers = {"device": device, "torch": torch.__version__, **sizes}
        numbers |= {"images_per_second": speeds_of, "ratios": ratios, "parity": float(parity.max())}
        arguments.out.write_text(json.dumps(numbers, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
