"""A classifier is a trunk and a head; the paper's head is a convolution, pooling, a linear layer."""

from collections import OrderedDict

import torch
from torch import nn

from pipeline_lib.networks.layers import scaled


class Classifier(nn.Module):
    """``trunk`` turns (N, 3, H, W) images into maps, ``head`` turns the maps into (N, classes) logits.

    Fine-tuning loads the trunk from another network; ``initial_bias`` is then the bias of the head's
    convolutions that the other network does not have.
    """

    def __init__(self, trunk: nn.Module, head: nn.Module, *, initial_bias: float = 1.0) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = head
        self.initial_bias = initial_bias

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) float32, normalised, to (N, classes) logits."""
        return self.head(self.trunk(images))


class GlobalMaxPool(nn.AdaptiveMaxPool2d):
    """PyTorch's pooling to 1x1, with the same maxima and gradients, in a way that GPUs can compute
    deterministically."""

    def __init__(self) -> None:
        super().__init__(1)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """(N, channels, h, w) to (N, channels, 1, 1)."""
        return maps.flatten(2).max(2).values[:, :, None, None]


GLOBAL_POOLS = {"avg": lambda: nn.AdaptiveAvgPool2d(1), "max": GlobalMaxPool}


class AveragePoolTo(nn.AdaptiveAvgPool2d):
    """PyTorch's pooling to ``output_size``; maps of that size stay as they are.

    PyTorch would copy these, and GPUs cannot compute the gradient of that deterministically.
    """

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """(N, channels, h, w) to (N, channels, side, side)."""
        is_there = maps.shape[2:] == (self.output_size, self.output_size)
        return maps if is_there else super().forward(maps)


class ClassMapHead(nn.Module):
    """``conv`` -> global pooling -> dropout -> linear: the paper's head for class maps.

    ``conv`` is what the paper adds to the trunk; it outputs the maps, (N, channels, h, w). ``pool`` is
    "avg" (GAP) or "max" (GMP).
    """

    def __init__(
        self, conv: nn.Module, channels: int, classes: int, *, pool: str, dropout: float
    ) -> None:
        super().__init__()
        self.conv = conv
        self.pool = GLOBAL_POOLS[pool]()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(channels, classes)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """(N, channels of the trunk, h, w) to (N, classes) logits."""
        return self.linear(self.dropout(self.pool(self.conv(maps)).flatten(1)))


def class_map_head(
    channels: int,
    classes: int,
    *,
    hidden: int,
    groups: int = 1,
    pool: str = "avg",
    dropout: float = 0.0,
) -> ClassMapHead:
    """The paper's head (section 3): a 3x3 convolution of ``hidden`` channels (1024), ReLU, pooling.

    ``groups`` is 1 in the paper and 2 in the files that its authors released.
    """
    convolution = nn.Conv2d(channels, hidden, kernel_size=3, padding=1, groups=groups)
    conv = nn.Sequential(convolution, nn.ReLU())
    return ClassMapHead(conv, hidden, classes, pool=pool, dropout=dropout)


def dense_head(
    pool5: nn.Module, channels: int, side: int, classes: int, *, width: float, dropout: float
) -> nn.Sequential:
    """The three fully connected layers of AlexNet and VGG, after their last pooling ``pool5``.

    They read ``channels`` maps of ``side`` x ``side``; maps of another size are pooled to it, as in
    torchvision.
    """
    hidden = scaled(4096, width)
    return nn.Sequential(
        OrderedDict(
            pool5=pool5,
            avgpool=AveragePoolTo(side),
            flatten=nn.Flatten(),
            fc6=nn.Linear(channels * side * side, hidden),
            relu6=nn.ReLU(),
            drop6=nn.Dropout(dropout),
            fc7=nn.Linear(hidden, hidden),
            relu7=nn.ReLU(),
            drop7=nn.Dropout(dropout),
            fc8=nn.Linear(hidden, classes),
        )
    )
