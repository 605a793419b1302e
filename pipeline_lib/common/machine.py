"""The machine that a step computes on: its CPU threads, its device, and the number formats it has.

PyTorch is imported only when needed: it takes a second, and some steps run without it.
"""

from __future__ import annotations

import argparse
import ctypes
import logging
import os
import platform
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline_lib.common.errors import AttemptError, InputError

if TYPE_CHECKING:
    import torch

GPU_REQUIRED = "CAM_GPU_REQUIRED"  # in a job's environment: it was given a GPU, and must see one

# The flags in /proc/cpuinfo of processors that compute in a format. Others compute in float32 and
# convert each number twice: ten times slower and more.
_CPU_FLAGS = {
    "bfloat16": {"avx512_bf16", "amx_bf16", "bf16"},
    "float16": {"avx512_fp16", "amx_fp16", "asimdhp"},
}
# Of glibc's malloc.h: the sizes above which memory is mapped anew, and free memory is given back.
_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -3, -1
_FIRST_GPUS = {"bfloat16": (8, 0), "tf32": (8, 0)}  # compute capability: Ampere

log = logging.getLogger("pipeline_lib")


def keep_freed_memory() -> None:
    """Let this process reuse the memory that it frees, rather than give it back and ask for new.

    Linux clears new memory page by page, for every feature map of every layer: with a batch of 32, a
    network on the CPU is 1.2 to 2.2 times as fast without that, enlarging a class map 5 times. The
    peak of the memory is up to 30 % higher. Does nothing where the C library is not glibc.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, 1 << 30)
        libc.mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)


def add_threads_flag(parser: argparse.ArgumentParser) -> None:
    """Add ``--threads``, for ``open_device``."""
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 is all")


def limit_threads(count: int) -> None:
    """Let PyTorch use ``count`` CPU threads, or all of them if 0."""
    if count:
        import torch

        torch.set_num_threads(count)


def open_device(threads: int = 0, local_rank: int = 0) -> torch.device:
    """Return the device that a step computes on, and log it: a GPU where there is one, else the CPU.

    ``threads`` limits the CPU's threads, 0 is all. ``local_rank`` is the number of this process among
    those of one job on this machine, each of which has a GPU of its own. float32 is then what it says:
    without this, convolutions on GPUs would round it to TF32. Raises InputError, with the machine's
    name, where the environment asks for a GPU and there is none, and for more processes than GPUs:
    an AttemptError where another node may have them.
    """
    import torch

    limit_threads(threads)
    allow_tf32(False)
    device = default_device()
    if device.type == "cpu":
        if os.environ.get(GPU_REQUIRED):
            built_for_gpus = torch.version.cuda or torch.version.hip
            raise (AttemptError if built_for_gpus else InputError)(
                f"{socket.gethostname()}: this job needs a GPU (the study has gpu: true) and PyTorch "
                f"sees none; {_why_no_gpu()}"
            )
        log.info("device: cpu, %d threads", torch.get_num_threads())
        return device
    count = torch.cuda.device_count()
    if local_rank >= count:
        raise AttemptError(
            f"{socket.gethostname()}: more processes than its {count} GPUs; start fewer (torchrun"
            " --nproc-per-node)"
        )
    device = torch.device("cuda", local_rank)
    torch.cuda.set_device(device)
    log.info("device: %s %s", device, torch.cuda.get_device_name(device))
    return device


def default_device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def allow_tf32(allowed: bool) -> None:
    """Let GPUs multiply float32 in TF32, which keeps 10 of its 23 bits, or not."""
    import torch

    torch.backends.cudnn.allow_tf32 = allowed
    torch.backends.cuda.matmul.allow_tf32 = allowed


def precision_here(asked: str, device: torch.device) -> str:
    """Return the number format ``asked`` for, or float32 where the device lacks it and would be slower.

    Formats are float32, tf32, bfloat16 and float16.
    """
    import torch

    if asked == "float32":
        return asked
    if device.type == "cuda":
        is_there = torch.cuda.get_device_capability(device) >= _FIRST_GPUS.get(asked, (0, 0))
        return asked if is_there or torch.version.hip else "float32"
    return asked if _CPU_FLAGS.get(asked, set()) & _cpu_flags() else "float32"


def use_precision(asked: str, device: torch.device) -> str:
    """Return ``precision_here``, with a line in the log if it is another; switch TF32 on for tf32."""
    used = precision_here(asked, device)
    if used != asked:
        log.info("precision: %s, because %s has no %s", used, _name_of(device), asked)
    allow_tf32(used == "tf32")
    return used


def make_deterministic() -> None:
    """Let GPUs compute the same bits each time; a layer that cannot then raises RuntimeError."""
    import torch

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when cuBLAS is first used
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False  # it times algorithms, and may choose another each time


def _cpu_flags() -> set[str]:
    """Return the processor's features as Linux lists them; none elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return set()
    lines = (line.partition(":") for line in text.splitlines())
    named = (words for key, _, words in lines if key.strip() in ("flags", "Features"))
    return set(next(named, "").split())


def _name_of(device: torch.device) -> str:
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"this processor ({platform.machine()})"


def _why_no_gpu() -> str:
    """Say what to look at."""
    import torch

    if torch.version.cuda is None and torch.version.hip is None:
        return "this PyTorch is built without CUDA: install one with it"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return "ask for one (slurm/site.yaml), or leave this node out"
    return (
        f"CUDA_VISIBLE_DEVICES is '{visible}': see nvidia-smi and the driver there, or leave this "
        "node out"
    )
