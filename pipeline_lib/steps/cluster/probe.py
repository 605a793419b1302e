"""Look around where a job runs: what it sees of GPUs, processors, folders and versions."""

import argparse
import os
import shutil
import socket
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.files import write_json
from pipeline_lib.scheduling.versions import versions


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--folders", nargs="+", default=[], help="that jobs must see")
    parser.add_argument("--out", type=Path, required=True, help="the .json to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write what is seen."""
    import torch

    count = torch.cuda.device_count()
    gpus = [torch.cuda.get_device_properties(number) for number in range(count)]
    seen = {
        "host": socket.gethostname(),
        "scheduler": os.environ.get("SLURM_JOB_ID", ""),
        "processors": len(os.sched_getaffinity(0)),
        "gpus": [{"name": gpu.name, "bytes": gpu.total_memory} for gpu in gpus],
        "cuda": torch.version.cuda or "",
        "bfloat16": bool(gpus) and torch.cuda.is_bf16_supported(),
        "folders": {folder: _folder(Path(folder)) for folder in arguments.folders},
        "versions": versions(),
    }
    write_json(arguments.out, seen)
    log.info("%s: %d GPUs", seen["host"], count)


def _folder(path: Path) -> dict[str, object]:
    """Whether a folder is there, and what it has room for, in bytes."""
    if not path.is_dir():
        return {"there": False}
    return {
        "there": True,
        "free": shutil.disk_usage(path).free,
        "writable": os.access(path, os.W_OK),
    }
