"""Images that any network which learns at all tells apart: a colour pattern for each class."""

import numpy as np

from pipeline_lib.data.loader import TrainingCrops


class Patterns:
    """``count`` images in memory, (side, side, 3) uint8: 4x4 patches of the class's colours, noise."""

    def __init__(self, count, classes, side):
        rng = np.random.default_rng(0)
        patches = rng.integers(40, 216, (classes, 4, 4, 3))
        rows = np.arange(side) * 4 // side
        plain = patches[:, rows][:, :, rows]
        self.targets = [index % classes for index in range(count)]
        noise = rng.integers(-30, 31, (count, side, side, 3))
        self.images = (plain[self.targets] + noise).astype(np.uint8)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index]


def easy_crops(count, classes, side):
    """Training crops of the patterns, ``side`` pixels square."""
    patterns = Patterns(count, classes, side + 4)
    return TrainingCrops(patterns, patterns.targets, crop_side=side, seed=0)
