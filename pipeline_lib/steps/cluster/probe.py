"""Record what a job has on its machine: GPUs, processors, folders, and packages that it can import."""

import argparse
import importlib
import os
import socket
import sys
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.files import write_json
from pipeline_lib.scheduling.versions import versions

IMPORTED = ("torch", "torchvision", "timm", "numpy", "scipy", "sklearn", "h5py", "cv2", "PIL")


def make_parser() -> argparse.ArgumentParser:
    """Return the step's parser."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--folders", nargs="+", default=[], help="folders that jobs must see")
    parser.add_argument("--out", type=Path, required=True, help="the .json to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write the record."""
    problems = {name: problem for name in IMPORTED if (problem := _problem(name))}
    record = {
        "host": socket.gethostname(),
        "scheduler": os.environ.get("SLURM_JOB_ID", ""),
        "processors": len(os.sched_getaffinity(0)),
        "interpreter": sys.executable,
        "imports": problems,
        "folders": {folder: Path(folder).is_dir() for folder in arguments.folders},
        "versions": versions(),
        **({"gpus": [], "cuda": "", "bfloat16": False} if "torch" in problems else _gpus()),
    }
    write_json(arguments.out, record)
    log.info("%s: %d GPUs", record["host"], len(record["gpus"]))


def _problem(module: str) -> str:
    """Return why a module cannot be imported, "" if it can."""
    try:
        importlib.import_module(module)
    except Exception as error:  # a library that is missing may show in any way
        return f"{type(error).__name__}: {error}"
    return ""


def _gpus() -> dict:
    import torch

    count = torch.cuda.device_count()
    gpus = [torch.cuda.get_device_properties(number) for number in range(count)]
    return {
        "gpus": [{"name": gpu.name, "bytes": gpu.total_memory} for gpu in gpus],
        "cuda": torch.version.cuda or "",
        "bfloat16": bool(gpus) and torch.cuda.is_bf16_supported(),
    }
