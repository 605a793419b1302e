"""Training input: packed images against ImageFolder, decoding alone, and, on a GPU, none at all.

All are 500 x 375 JPEG files. ImageFolder resizes the shorter side to 256 pixels, crops 224 at random and
mirrors; packed images are warped to 256 once, then decoded, cropped and mirrored. One process, one core.
On a GPU, GoogLeNet-GAP trains in bfloat16 from shards, with eight workers, and from batches in memory.
"""

import io
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torchvision.transforms import v2

from benchmarks.features import write_photographs
from benchmarks.harness import Measured, paired
from pipeline_lib.data.loader import TrainingCrops, normalised, training_batches, training_loader
from pipeline_lib.data.manifest import IMAGE_COLUMNS, write_rows
from pipeline_lib.data.packing import pack_images
from pipeline_lib.data.shards import PackedImages
from pipeline_lib.networks.registry import build

WARP, CROP, CLASSES, BATCH, QUALITY = 256, 224, 1000, 32, 95
ON_GPU = {"batch": 256, "steps": 60, "workers": 8}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
USUAL = v2.Compose(
    [
        v2.Resize(WARP), v2.RandomCrop(CROP), v2.RandomHorizontalFlip(),
        v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD),
    ]
)  # fmt: skip


def measure(repeats: int, quick: bool) -> Iterator[Measured]:
    """Yield a line for each peer; the last one on a GPU alone."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield from _measured(repeats, quick)
    finally:
        torch.set_num_threads(threads)


def _measured(repeats: int, quick: bool) -> Iterator[Measured]:
    count = 8 * BATCH if quick else 32 * BATCH
    with tempfile.TemporaryDirectory() as folder:
        packed = packed_photographs(Path(folder), count)
        crops = TrainingCrops(packed, np.arange(count) % CLASSES, crop_side=CROP, seed=0)
        files = torchvision.datasets.ImageFolder(Path(folder) / "images", USUAL)
        timing = partial(
            paired, "training input from packed images", partial(load, crops, BATCH),
            items=count, unit="images/s a core", repeats=repeats,
        )  # fmt: skip
        yield timing(
            lambda: [None for _ in DataLoader(files, BATCH, shuffle=True)],
            peer="torchvision's ImageFolder", aim=3, same="nothing: other crops",
        )  # fmt: skip
        encoded = jpeg_files(packed)
        yield timing(
            lambda: [np.asarray(Image.open(io.BytesIO(each))) for each in encoded],
            peer="decoding alone, by Pillow", aim=0.9, same="the limit",
        )  # fmt: skip
        if torch.cuda.is_available():
            yield _trained(crops, repeats)


def packed_photographs(folder: Path, count: int) -> PackedImages:
    """Write photographs in a class folder, pack them, and open the shards."""
    (folder / "images" / "n1").mkdir(parents=True)
    names = write_photographs(folder / "images" / "n1", count)
    rows = [(name, f"n1/{name}", "n1", 500, 375, False) for name in names]
    write_rows(folder / "images.csv", IMAGE_COLUMNS, rows)
    pack_images(
        folder / "images.csv", folder / "images", folder / "packed",
        side=WARP, seed=0, shard_size=1024, quality=QUALITY, processes=2,
    )  # fmt: skip
    return PackedImages(folder / "packed")


def jpeg_files(packed: PackedImages) -> list[bytes]:
    """Return packed images as JPEG files in memory."""
    files = []
    for row in range(len(packed)):
        buffer = io.BytesIO()
        Image.fromarray(np.asarray(packed[row])).save(buffer, "JPEG", quality=QUALITY)
        files.append(buffer.getvalue())
    return files


def load(crops: TrainingCrops, batch: int) -> None:
    """Read an epoch."""
    steps = range(len(crops) // batch)
    for _ in training_loader(crops, training_batches(len(crops), batch, 0, steps), workers=0):
        pass


def _trained(crops: TrainingCrops, repeats: int) -> Measured:
    batch, steps, workers = ON_GPU.values()
    trainer = Trainer(torch.device("cuda"))

    def loaded() -> Iterable[tuple[torch.Tensor, torch.Tensor]]:
        keys = training_batches(len(crops), batch, 0, range(steps))
        return training_loader(crops, keys, workers, pin_memory=True)

    held = [batches for batches, _ in zip(loaded(), range(4), strict=False)]
    return paired(
        "training GoogLeNet-GAP in bfloat16 from packed images",
        lambda: trainer.train(loaded()),
        lambda: trainer.train(held[step % len(held)] for step in range(steps)),
        peer="batches in memory", items=batch * steps, unit="images/s", aim=0.95,
        same="the limit", repeats=repeats,
    )  # fmt: skip


class Trainer:
    """A network, its optimizer, and the training loop's step."""

    def __init__(self, device: torch.device) -> None:
        torch.manual_seed(0)
        torch.backends.cudnn.benchmark = True
        self.device = device
        self.network = build("googlenet_gap", CLASSES, {})
        self.network.to(device, memory_format=torch.channels_last).train()
        self.optimizer = torch.optim.SGD(self.network.parameters(), 0.001, momentum=0.9)

    def train(self, batches: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> None:
        """Train on all batches."""
        for pixels, targets in batches:
            half = torch.autocast(self.device.type, torch.bfloat16)
            self.optimizer.zero_grad(set_to_none=True)
            with half:
                logits = self.network(normalised(pixels, MEAN, STD, self.device))
                loss = nn.functional.cross_entropy(
                    logits, targets.to(self.device, non_blocking=True)
                )
            loss.backward()
            self.optimizer.step()
        torch.cuda.synchronize()
