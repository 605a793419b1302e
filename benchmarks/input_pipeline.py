"""How fast packed images feed the GPU: training from shards compared with batches in memory.

GoogLeNet-GAP with batches of 256 in bfloat16 on a GPU; a narrow one with small batches on a CPU. The
shards are made here from random smooth images of 256 pixels. A ratio near 1 means that the network
never waits for its input.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from pipeline_lib.data.loader import TrainingCrops, normalised, training_batches, training_loader
from pipeline_lib.data.manifest import IMAGE_COLUMNS, write_rows
from pipeline_lib.data.packing import pack_images
from pipeline_lib.data.shards import PackedImages
from pipeline_lib.networks.registry import build

WARP, CROP, CLASSES = 256, 224, 1000
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def make_parser() -> argparse.ArgumentParser:
    """The command line; default sizes depend on the device."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--batch", type=int, help="256 on a GPU, else 16")
    parser.add_argument("--width", type=float, help="of the network: 1 on a GPU, else 0.25")
    parser.add_argument("--steps", type=int, help="steps per repetition: 100 on a GPU, else 16")
    parser.add_argument(
        "--repeats", type=int, default=5, help="repetitions, of which the median is reported"
    )
    parser.add_argument("--images", type=int, help="to pack: 16384 on a GPU, else 256")
    parser.add_argument("--workers", type=int, help="processes that decode: 8 on a GPU, else 1")
    parser.add_argument("--quick", action="store_true", help="three short repetitions, as a test")
    parser.add_argument("--out", type=Path, help="write the numbers here, as JSON")
    return parser


def pack_smooth_images(folder: Path, count: int, processes: int) -> PackedImages:
    """Draw ``count`` random smooth images, pack them below ``folder``, and open the shards."""
    rng = np.random.default_rng(0)
    (folder / "images").mkdir()
    rows = []
    for index in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8))
        smooth = coarse.resize((WARP, WARP), Image.Resampling.BICUBIC)
        smooth.save(folder / "images" / f"{index}.jpg", quality=95)
        rows.append((str(index), f"{index}.jpg", "n1", WARP, WARP, False))
    write_rows(folder / "images.csv", IMAGE_COLUMNS, rows)
    pack_images(
        folder / "images.csv",
        folder / "images",
        folder / "packed",
        side=WARP,
        seed=0,
        shard_size=1024,
        quality=95,
        processes=processes,
    )
    return PackedImages(folder / "packed")


class Trainer:
    """A network, its optimizer, and the training loop's step."""

    def __init__(self, width: float, device: torch.device) -> None:
        torch.manual_seed(0)
        torch.backends.cudnn.benchmark = True
        self.device = device
        self.network = build("googlenet_gap", CLASSES, {"width": width})
        self.network.to(device, memory_format=torch.channels_last).train()
        self.optimizer = torch.optim.SGD(self.network.parameters(), 0.001, momentum=0.9)

    def speed(self, batches: Iterable[tuple[torch.Tensor, torch.Tensor]], unmeasured: int) -> float:
        """Train on all batches; return the images per second after the first ``unmeasured`` batches."""
        images, started = 0, 0.0
        for number, (pixels, targets) in enumerate(batches):
            if number == unmeasured:
                self._wait()
                started = time.perf_counter()
            half = torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda")
            self.optimizer.zero_grad(set_to_none=True)
            with half:
                logits = self.network(normalised(pixels, MEAN, STD, self.device))
                loss = nn.functional.cross_entropy(
                    logits, targets.to(self.device, non_blocking=True)
                )
            loss.backward()
            self.optimizer.step()
            images += len(targets) if number >= unmeasured else 0
        self._wait()
        return images / (time.perf_counter() - started)

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def main() -> int:
    """Pack, train from shards and from memory in turn, print the table."""
    arguments = make_parser().parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    sizes = {"batch": 256, "width": 1.0, "steps": 100, "images": 16384, "workers": 8}
    if device.type == "cpu":
        sizes = {"batch": 16, "width": 0.25, "steps": 16, "images": 256, "workers": 1}
    if arguments.quick:
        sizes |= {"steps": 4, "images": min(sizes["images"], 8 * sizes["batch"])}
        sizes |= {"width": 0.125, "batch": 8} if device.type == "cpu" else {}
        arguments.repeats = 3
    sizes |= {name: value for name in sizes if (value := getattr(arguments, name)) is not None}
    batch, steps, workers = sizes["batch"], sizes["steps"], sizes["workers"]
    with tempfile.TemporaryDirectory() as folder:
        images = pack_smooth_images(Path(folder), sizes["images"], max(1, workers))
        crops = TrainingCrops(images, np.arange(len(images)) % CLASSES, crop_side=CROP, seed=0)

        def loaded(first: int, count: int) -> Iterable:
            keys = training_batches(len(crops), batch, 0, range(first, first + count))
            return training_loader(crops, keys, workers, pin_memory=device.type == "cuda")

        # Batches that the workers read ahead while they start are left out of the measurement.
        ahead = 1 + 2 * workers
        trainer = Trainer(sizes["width"], device)
        batches = list(loaded(0, 4))
        in_memory = [batches[step % len(batches)] for step in range(steps + ahead)]
        trainer.speed(in_memory, ahead)  # warm-up
        speeds: dict[str, list[float]] = {"shards": [], "memory": []}
        for repeat in range(arguments.repeats):
            speeds["shards"].append(trainer.speed(loaded(repeat * steps, steps + ahead), ahead))
            speeds["memory"].append(trainer.speed(in_memory, ahead))
    shards, memory = (statistics.median(speeds[source]) for source in ("shards", "memory"))
    ratios = [
        packed / held for packed, held in zip(speeds["shards"], speeds["memory"], strict=True)
    ]
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    print(f"{name}, GoogLeNet-GAP, width {sizes['width']:g}, batch {batch}, {workers} workers")
    print("from     images/s (median)     min     max")
    for source, values in speeds.items():
        median = statistics.median(values)
        print(f"{source:8} {median:17.1f} {min(values):7.1f} {max(values):7.1f}")
    print(f"ratio    {statistics.median(ratios):17.3f} {min(ratios):7.3f} {max(ratios):7.3f}")
    if arguments.out:
        numbers = {"device": name, "torch": torch.__version__, **sizes, "images_per_second": speeds}
        medians = {"shards": shards, "memory": memory, "ratio": statistics.median(ratios)}
        arguments.out.write_text(json.dumps({**numbers, "medians": medians}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
