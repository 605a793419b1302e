"""The machine that a step computes on: its CPU threads and its device.

PyTorch is imported only when needed: it takes a second, and some steps run without it.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def add_threads_flag(parser: argparse.ArgumentParser) -> None:
    """Add ``--threads``, for ``limit_threads``."""
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 is all")


def limit_threads(count: int) -> None:
    """Let PyTorch use ``count`` CPU threads, or all of them if 0."""
    if count:
        import torch

        torch.set_num_threads(count)


def default_device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
