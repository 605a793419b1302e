"""Network in Network (Lin et al. 2014): the last convolution has a channel per class."""

import torch
from torch import nn

from pipeline_lib.networks.head import scaled


def _mlpconv(
    channels: int,
    sizes: tuple[int, int, int],
    batch_norm: bool,
    last: bool = False,
    **convolution: int,
) -> nn.Sequential:
    """One spatial convolution and two 1x1 ones, each with a ReLU (the very last without batch norm)."""
    layers: list[nn.Module] = []
    for index, size in enumerate(sizes):
        geometry = convolution if index == 0 else {"kernel_size": 1}
        normalise = batch_norm and not (last and index == 2)
        layers.append(nn.Conv2d(channels, size, bias=not normalise, **geometry))
        if normalise:
            layers.append(nn.BatchNorm2d(size))
        layers.append(nn.ReLU())
        channels = size
    return nn.Sequential(*layers)


class NIN(nn.Module):
    """The four-block ImageNet NIN; the map of class c is channel c of the last one, 6x6 at 224 px.

    Forward takes (N, 3, H, W) float32, normalised, and returns (N, classes) logits: the means of
    the class maps. ``batch_norm`` is not in the original; without it the mini study's half minute
    from scratch is too short. Without ``stem_pool`` the first max pooling is left out, so that
    half the input gives the same 6x6 maps.
    """

    def __init__(
        self,
        classes: int,
        *,
        width: float = 1.0,
        stem_pool: bool = True,
        batch_norm: bool = False,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        w96, w256, w384, w1024 = (scaled(size, width) for size in (96, 256, 384, 1024))
        pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.block1 = _mlpconv(3, (w96, w96, w96), batch_norm, kernel_size=11, stride=4)
        self.pool1 = pool if stem_pool else nn.Identity()
        self.block2 = _mlpconv(w96, (w256, w256, w256), batch_norm, kernel_size=5, padding=2)
        self.pool2 = pool
        self.block3 = _mlpconv(w256, (w384, w384, w384), batch_norm, kernel_size=3, padding=1)
        self.pool3 = pool
        self.dropout = nn.Dropout(dropout)
        self.block4 = _mlpconv(
            w384, (w1024, w1024, classes), batch_norm, last=True, kernel_size=3, padding=1
        )
        self.average = nn.AdaptiveAvgPool2d(1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) to (N, classes) logits."""
        maps = self.pool1(self.block1(images))
        maps = self.pool2(self.block2(maps))
        maps = self.pool3(self.block3(maps))
        return self.average(self.block4(self.dropout(maps))).flatten(1)


def nin(classes: int, **options: object) -> NIN:
    """Network in Network."""
    return NIN(classes, **options)
