"""Sizes of the synthetic transfer sets.

The mini study's: together about 1,860 images, drawn in seconds. A class has 12 training images: few, so
that fitting is fast, and enough for a handful of classes. About ten test images are left.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How many ``classes`` a set has, and how many images of each are for training and for testing.

    ``spare`` images of each class are in neither list. From class number ``full`` on, counted from 0,
    there is one image for training and one for testing.
    """

    classes: int
    train: int
    test: int
    spare: int = 0
    full: int | None = None

    def split(self, index: int) -> tuple[int, int]:
        """Return the numbers of training and test images of class ``index``."""
        return (self.train, self.test) if self.full is None or index < self.full else (1, 1)

    def images(self, index: int) -> int:
        """Return the number of images of class ``index``."""
        return sum(self.split(index)) + self.spare


MINI = Size(classes=8, train=12, test=10)  # scenes, actions, events
SUN397 = Size(classes=8, train=12, test=10, spare=2)  # so that partitions differ
OBJECTS = Size(classes=10, train=12, test=10)  # one class for each shape
BIRDS = Size(classes=10, train=15, test=15)  # more than the others, because Table 4 has one split
BACKGROUND = 12  # images of the class without objects
