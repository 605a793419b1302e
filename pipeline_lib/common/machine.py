"""The machine that a step computes on: its threads, the processes that decode, its device.

PyTorch is imported only when asked for: it takes a second, and some steps that take flags of here do
without.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def add_threads(made: argparse.ArgumentParser) -> None:
    """Add ``--threads``, for ``take_threads``."""
    made.add_argument("--threads", type=int, default=0, help="CPU threads; 0 is all")


def add_decoding(made: argparse.ArgumentParser, unit: str = "images") -> None:
    """Add the flags of a step that a network reads images in, ``unit`` being what a batch is of."""
    made.add_argument("--batch", type=int, default=32, help=f"{unit} in a forward pass")
    made.add_argument("--workers", type=int, default=0, help="processes that decode images")
    add_threads(made)


def take_threads(count: int) -> None:
    """Hold PyTorch to ``count`` CPU threads, or leave it all of them if 0."""
    if count:
        import torch

        torch.set_num_threads(count)


def default_device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
