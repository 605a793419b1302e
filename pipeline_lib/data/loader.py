"""Batches of warped images; for training, cropped and mirrored at random with a seed per sample."""

import os
import signal
import threading
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from typing import Protocol

import cv2
import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.images import Picture, open_rgb, warp

SampleKey = tuple[int, int]  # (epoch, index) of a training sample


class SquareImages(Protocol):
    """Images warped to squares: item ``index`` is (side, side, 3) uint8, an array or a tensor."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> np.ndarray | torch.Tensor: ...


class WarpedImages(Dataset):
    """Each image warped to (height, width): (height, width, 3) uint8 tensors, in the order given."""

    def __init__(self, pictures: Sequence[Picture], size: tuple[int, int]) -> None:
        self.pictures, self.size = list(pictures), size

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> torch.Tensor:
        height, width = self.size
        return torch.from_numpy(warp(self._image(index), width, height).copy())

    def _image(self, index: int) -> Image.Image:
        return open_rgb(*self.pictures[index])


class CroppedImages(WarpedImages):
    """Each image cropped to its box, then warped; ``boxes`` are (n, 4), half-open, in pixels.

    A box is rounded outward and clamped to the image, to at least one pixel.
    """

    def __init__(
        self, pictures: Sequence[Picture], size: tuple[int, int], boxes: np.ndarray
    ) -> None:
        super().__init__(pictures, size)
        self.boxes = np.asarray(boxes, np.float64)

    def _image(self, index: int) -> Image.Image:
        image = super()._image(index)
        low = np.clip(np.floor(self.boxes[index, :2]), 0, np.array(image.size) - 1)
        high = np.clip(np.ceil(self.boxes[index, 2:]), low + 1, image.size)
        return image.crop((*low.astype(int).tolist(), *high.astype(int).tolist()))


class CachedImages(Dataset):
    """The same images, each read once and kept in memory: for small sets."""

    def __init__(self, images: SquareImages) -> None:
        self._images = images
        self._cache: dict[int, np.ndarray | torch.Tensor] = {}

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> np.ndarray | torch.Tensor:
        if index not in self._cache:
            self._cache[index] = self._images[index]
        return self._cache[index]


class TrainingCrops(Dataset):
    """A random crop of each warped image, mirrored half of the time (protocol, section 1).

    The key of an item is (epoch, index); its random crop depends only on the key and the seed, not on
    the order, the workers, a restart, or the source of the images (``WarpedImages`` of a folder, or
    ``PackedImages``). Items are a (crop, crop, 3) uint8 tensor and the target.
    """

    def __init__(
        self, images: SquareImages, targets: Sequence[int], *, crop_side: int, seed: int
    ) -> None:
        self.images, self.targets = images, list(targets)
        self.crop_side, self.seed = crop_side, seed

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, key: SampleKey) -> tuple[torch.Tensor, int]:
        epoch, index = key
        rng = np.random.default_rng([self.seed, epoch, index])
        pixels = np.asarray(self.images[index])
        y, x = rng.integers(0, len(pixels) - self.crop_side, size=2, endpoint=True)
        crop = pixels[y : y + self.crop_side, x : x + self.crop_side]
        # OpenCV mirrors 25 times as fast as a copy of NumPy's mirrored view.
        crop = cv2.flip(crop, 1) if rng.random() < 0.5 else crop.copy()
        return torch.from_numpy(crop), self.targets[index]


def training_batches(
    count: int, batch: int, seed: int, steps: range, rank: int = 0, processes: int = 1
) -> Iterator[list[SampleKey]]:
    """Yield each step's batch of (epoch, index), or the equal share of process ``rank``.

    An epoch is shuffled by (seed, epoch), and an incomplete last batch is dropped, so that a step's
    batch does not depend on where the run was resumed or on the number of ``processes``.
    """
    per_epoch = count // batch
    order: np.ndarray | None = None
    for step in steps:
        epoch, position = divmod(step, per_epoch)
        if order is None or position == 0:
            order = np.random.default_rng([seed, epoch]).permutation(count)
        keys = order[position * batch : (position + 1) * batch].reshape(processes, -1)[rank]
        yield [(epoch, int(index)) for index in keys]


def training_loader(
    crops: TrainingCrops, batches: Iterable[list[SampleKey]], workers: int, pin_memory: bool = False
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Load the given batches, in order, each as ((n, crop, crop, 3) uint8, (n,) int64).

    Given all batches of a run, the workers start once and read ahead across epochs. The loader takes
    a seed for them from a generator of its own: with PyTorch's global one, a resumed run, which starts
    one more loader, would continue with other random numbers.
    """
    generator = torch.Generator()
    loader = DataLoader(
        crops,
        batch_sampler=batches,
        num_workers=workers,
        generator=generator,
        pin_memory=pin_memory,
        worker_init_fn=_ignore_scheduler_signals,
    )
    return _with_plain_errors(loader)


def image_batches(
    images: SquareImages, batch: int, workers: int, pin_memory: bool = False
) -> Iterator[torch.Tensor]:
    """Iterate over all images in order, as (n, height, width, 3) uint8.

    ``workers`` threads decode up to two batches ahead of the network: Pillow decodes and resizes
    without the interpreter's lock, so that processes would only cost their start and the copies.
    Without any, images are decoded when they are asked for. An image's error is raised in its turn.
    """
    stack = _pinned if pin_memory else torch.stack
    if not workers:
        for start in range(0, len(images), batch):
            yield stack([images[n] for n in range(start, min(start + batch, len(images)))])
        return
    positions = iter(range(len(images)))
    with ThreadPoolExecutor(workers, "decode") as pool:
        try:
            ahead = deque(pool.submit(images.__getitem__, n) for n in islice(positions, 2 * batch))
            while ahead:
                items = []
                while ahead and len(items) < batch:
                    items.append(ahead.popleft().result())
                    ahead.extend(pool.submit(images.__getitem__, n) for n in islice(positions, 1))
                yield stack(items)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _pinned(items: list[torch.Tensor]) -> torch.Tensor:
    """Stack in memory from which a GPU copies without waiting."""
    return torch.stack(items).pin_memory()


def normalised(
    pixels: torch.Tensor, mean: Sequence[float], std: Sequence[float], device: torch.device
) -> torch.Tensor:
    """Turn (n, h, w, 3) uint8 into (n, 3, h, w) float32 on ``device``: (x / 255 - mean) / std."""
    images = pixels.to(device, non_blocking=True).permute(0, 3, 1, 2).float().div_(255)
    return images.sub_(_per_channel(tuple(mean), device)).div_(_per_channel(tuple(std), device))


@lru_cache(maxsize=16)  # copying them for each batch would wait for the GPU each time
def _per_channel(values: tuple[float, ...], device: torch.device) -> torch.Tensor:
    with torch.inference_mode(False):
        return torch.tensor(values, device=device).view(1, 3, 1, 1)


def _ignore_scheduler_signals(_worker: int) -> None:
    """Ignore SIGUSR1, and any SIGTERM that the trainer itself did not send.

    Schedulers signal all processes of a job; a worker that ended would end the trainer before it has
    saved.
    """

    def watch() -> None:
        while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
            pass
        os._exit(0)

    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=watch, daemon=True).start()


def _with_plain_errors(loader: DataLoader) -> Iterator:
    """Iterate; unwrap the InputError of a worker, which PyTorch wraps in a traceback.

    PyTorch's frames and the error refer to each other: without clearing the frames, the workers would
    delay the end of the program.
    """
    problem = None
    try:
        yield from loader
    except InputError as error:
        problem = str(error).strip().rpartition(f"{type(error).__name__}: ")[2]
        traceback.clear_frames(error.__traceback__)
    if problem is not None:
        raise InputError(problem)
