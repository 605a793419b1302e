"""The paper's recipe for class maps: one more convolution, global pooling, a linear layer."""

import torch
from torch import nn


def scaled(channels: int, width: float) -> int:
    """Return ``channels`` times ``width``, rounded to a multiple of 4 and at least 4."""
    return max(4, round(channels * width / 4) * 4)


class ClassMapHead(nn.Module):
    """[3x3 conv + ReLU] -> global pooling -> dropout -> linear.

    ``hidden`` is the width of the added convolution (1024 in the paper; None leaves it out), and
    ``pool`` is "avg" (GAP) or "max" (GMP). Takes (N, channels, h, w), returns (N, classes) logits.
    """

    def __init__(
        self, channels: int, classes: int, *, hidden: int | None, pool: str, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.conv = nn.Identity()
        if hidden is not None:
            convolution = nn.Conv2d(channels, hidden, kernel_size=3, padding=1)
            self.conv = nn.Sequential(convolution, nn.ReLU())
        self.pool = {"avg": nn.AdaptiveAvgPool2d, "max": nn.AdaptiveMaxPool2d}[pool](1)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(channels if hidden is None else hidden, classes)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """(N, channels, h, w) to (N, classes) logits."""
        return self.linear(self.dropout(self.pool(self.conv(maps)).flatten(1)))
