"""Images as batches: warped, for training cropped and mirrored at random, seeded per sample."""

import os
import signal
import threading
import traceback
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import open_rgb, warp

Key = tuple[int, int]  # (epoch, index): what a training sample is asked for by


class Squares(Protocol):
    """Images warped to squares: item ``index`` is (side, side, 3) uint8, an array or a tensor."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> np.ndarray | torch.Tensor: ...


class WarpedImages(Dataset):
    """Each image warped to (height, width): (height, width, 3) uint8 tensors, in the order given."""

    def __init__(self, root: Path, paths: Sequence[str], size: tuple[int, int]) -> None:
        self.root, self.paths, self.size = root, list(paths), size

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        height, width = self.size
        return torch.from_numpy(warp(self._picture(index), width, height).copy())

    def _picture(self, index: int) -> Image.Image:
        return open_rgb(self.root / self.paths[index])


class CroppedImages(WarpedImages):
    """What each of (n, 4) half-open boxes, in pixels, cuts out of its image, warped likewise.

    A box is rounded outward and clamped to the image; at least a pixel of it is left.
    """

    def __init__(
        self, root: Path, paths: Sequence[str], size: tuple[int, int], boxes: np.ndarray
    ) -> None:
        super().__init__(root, paths, size)
        self.boxes = np.asarray(boxes, np.float64)

    def _picture(self, index: int) -> Image.Image:
        image = super()._picture(index)
        low = np.clip(np.floor(self.boxes[index, :2]), 0, np.array(image.size) - 1)
        high = np.clip(np.ceil(self.boxes[index, 2:]), low + 1, image.size)
        return image.crop((*low.astype(int).tolist(), *high.astype(int).tolist()))


class KeptImages(Dataset):
    """The same squares, each read once: for sets so small that they fit into memory."""

    def __init__(self, squares: Squares) -> None:
        self._squares = squares
        self._kept: dict[int, np.ndarray | torch.Tensor] = {}

    def __len__(self) -> int:
        return len(self._squares)

    def __getitem__(self, index: int) -> np.ndarray | torch.Tensor:
        if index not in self._kept:
            self._kept[index] = self._squares[index]
        return self._kept[index]


class TrainingCrops(Dataset):
    """A random crop of each warped image, mirrored half of the time (protocol, section 1).

    An item is asked for as (epoch, index), and what is drawn for it depends on these and the seed
    alone: neither the order, nor the workers, nor a restart, nor where the images come from
    (``WarpedImages`` of a folder, or ``PackedImages``) changes it. Items are a (crop, crop, 3)
    uint8 tensor and the target.
    """

    def __init__(
        self, images: Squares, targets: Sequence[int], *, crop_side: int, seed: int
    ) -> None:
        self.images, self.targets = images, list(targets)
        self.crop_side, self.seed = crop_side, seed

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, key: Key) -> tuple[torch.Tensor, int]:
        epoch, index = key
        rng = np.random.default_rng([self.seed, epoch, index])
        pixels = np.asarray(self.images[index])
        y, x = rng.integers(0, len(pixels) - self.crop_side, size=2, endpoint=True)
        crop = pixels[y : y + self.crop_side, x : x + self.crop_side]
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        return torch.from_numpy(crop.copy()), self.targets[index]


def training_batches(
    count: int, batch: int, seed: int, steps: range, part: int = 0, parts: int = 1
) -> Iterator[list[Key]]:
    """Yield each step's batch of (epoch, index), or the ``part``-th of its equal ``parts``.

    An epoch is shuffled by (seed, epoch), and the rest that fills no batch is dropped, so that a
    step's batch does not depend on where the run was resumed or into how many parts it is split.
    """
    per_epoch = count // batch
    order: np.ndarray | None = None
    for step in steps:
        epoch, at = divmod(step, per_epoch)
        if order is None or at == 0:
            order = np.random.default_rng([seed, epoch]).permutation(count)
        keys = order[at * batch : (at + 1) * batch].reshape(parts, -1)[part]
        yield [(epoch, int(index)) for index in keys]


def training_loader(
    crops: TrainingCrops, batches: Iterable[list[Key]], workers: int, pin_memory: bool = False
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Load the given batches, in order, each as ((n, crop, crop, 3) uint8, (n,) int64).

    Given a whole run's batches, the workers start once and read ahead over the ends of epochs. The
    loader draws a seed for them when it starts; from a generator of its own, or else a resumed run,
    which starts one more, would go on with other random numbers.
    """
    own = torch.Generator()
    loader = DataLoader(
        crops,
        batch_sampler=batches,
        num_workers=workers,
        generator=own,
        pin_memory=pin_memory,
        worker_init_fn=_leave_signals_to_the_trainer,
    )
    return _in_one_line(loader)


def image_batches(
    images: WarpedImages, batch: int, workers: int, pin_memory: bool = False
) -> Iterator[torch.Tensor]:
    """Iterate over all images in order, as (n, height, width, 3) uint8."""
    loader = DataLoader(images, batch_size=batch, num_workers=workers, pin_memory=pin_memory)
    return _in_one_line(loader)


def normalised(
    pixels: torch.Tensor, mean: Sequence[float], std: Sequence[float], device: torch.device
) -> torch.Tensor:
    """Turn (n, h, w, 3) uint8 into (n, 3, h, w) float32 on ``device``: (x / 255 - mean) / std."""
    images = pixels.to(device, non_blocking=True).permute(0, 3, 1, 2).float().div_(255)
    return images.sub_(_per_channel(tuple(mean), device)).div_(_per_channel(tuple(std), device))


@lru_cache(maxsize=16)  # to copy them anew for each batch would wait for the GPU each time
def _per_channel(values: tuple[float, ...], device: torch.device) -> torch.Tensor:
    with torch.inference_mode(False):
        return torch.tensor(values, device=device).view(1, 3, 1, 1)


def _leave_signals_to_the_trainer(_worker: int) -> None:
    """Obey no SIGTERM but the trainer's own, and no SIGUSR1.

    Schedulers signal all of a job's processes, and a worker that obeyed would end the trainer
    before it has saved.
    """

    def watch() -> None:
        while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
            pass
        os._exit(0)

    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=watch, daemon=True).start()


def _in_one_line(loader: DataLoader) -> Iterator:
    """Iterate; an InputError of a worker, which comes wrapped in its traceback, is unwrapped.

    PyTorch's frames hold the error and the workers in a circle: left to themselves, these would
    hold up the end of the program.
    """
    problem = None
    try:
        yield from loader
    except InputError as error:
        problem = str(error).strip().rpartition("InputError: ")[2]
        traceback.clear_frames(error.__traceback__)
    if problem is not None:
        raise InputError(problem)
