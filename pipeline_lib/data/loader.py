"""Images as batches: warped, for training cropped and mirrored at random, seeded per sample."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from pipeline_lib.common.images import open_rgb, warp


class WarpedImages(Dataset):
    """Each image warped to (height, width): (height, width, 3) uint8 tensors, in the order given."""

    def __init__(self, root: Path, paths: Sequence[str], size: tuple[int, int]) -> None:
        self.root, self.paths, self.size = root, list(paths), size

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        height, width = self.size
        return torch.from_numpy(warp(open_rgb(self.root / self.paths[index]), width, height).copy())


class TrainingCrops(Dataset):
    """Images warped to a square, a random crop of it, mirrored half of the time (protocol, 1).

    An item is asked for as (epoch, index), and what is drawn for it depends on these and the seed
    alone: neither the order, nor the workers, nor a restart changes it.
    """

    def __init__(
        self,
        root: Path,
        paths: Sequence[str],
        targets: Sequence[int],
        *,
        warp_side: int,
        crop_side: int,
        seed: int,
    ) -> None:
        self.root, self.paths, self.targets = root, list(paths), list(targets)
        self.warp_side, self.crop_side, self.seed = warp_side, crop_side, seed

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, key: tuple[int, int]) -> tuple[torch.Tensor, int]:
        epoch, index = key
        rng = np.random.default_rng([self.seed, epoch, index])
        pixels = warp(open_rgb(self.root / self.paths[index]), self.warp_side, self.warp_side)
        y, x = rng.integers(0, self.warp_side - self.crop_side, size=2, endpoint=True)
        crop = pixels[y : y + self.crop_side, x : x + self.crop_side]
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        return torch.from_numpy(crop.copy()), self.targets[index]


def epoch_batches(count: int, batch: int, epoch: int, seed: int) -> list[list[tuple[int, int]]]:
    """Return an epoch's batches of (epoch, index), shuffled by (seed, epoch); the rest is dropped."""
    order = np.random.default_rng([seed, epoch]).permutation(count).tolist()
    whole = count // batch * batch
    return [[(epoch, i) for i in order[at : at + batch]] for at in range(0, whole, batch)]


def training_loader(
    crops: TrainingCrops, batches: list[list[tuple[int, int]]], workers: int
) -> DataLoader:
    """Load the given batches, in order, each as ((n, crop, crop, 3) uint8, (n,) int64).

    The loader draws a seed for its workers when it starts; from a generator of its own, or else a
    resumed run, which starts one more, would go on with other random numbers.
    """
    own = torch.Generator()
    return DataLoader(crops, batch_sampler=batches, num_workers=workers, generator=own)


def image_batches(images: WarpedImages, batch: int, workers: int) -> Iterator[torch.Tensor]:
    """Iterate over all images in order, as (n, height, width, 3) uint8."""
    return iter(DataLoader(images, batch_size=batch, num_workers=workers))


def normalised(
    pixels: torch.Tensor, mean: Sequence[float], std: Sequence[float], device: torch.device
) -> torch.Tensor:
    """Turn (n, h, w, 3) uint8 into (n, 3, h, w) float32 on ``device``: (x / 255 - mean) / std."""
    images = pixels.to(device, non_blocking=True).permute(0, 3, 1, 2).float().div_(255)
    shape = (1, 3, 1, 1)
    mean_tensor = torch.tensor(mean, device=device).view(shape)
    return images.sub_(mean_tensor).div_(torch.tensor(std, device=device).view(shape))
