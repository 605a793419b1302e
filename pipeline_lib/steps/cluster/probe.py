"""Record what a job has on its machine: GPUs, processors, visible folders and installed versions."""

import argparse
import os
import socket
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.files import write_json
from pipeline_lib.scheduling.versions import versions


def make_parser() -> argparse.ArgumentParser:
    """Return the step's parser."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--folders", nargs="+", default=[], help="folders that jobs must see")
    parser.add_argument("--out", type=Path, required=True, help="the .json to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write the record."""
    import torch

    count = torch.cuda.device_count()
    gpus = [torch.cuda.get_device_properties(number) for number in range(count)]
    record = {
        "host": socket.gethostname(),
        "scheduler": os.environ.get("SLURM_JOB_ID", ""),
        "processors": len(os.sched_getaffinity(0)),
        "gpus": [{"name": gpu.name, "bytes": gpu.total_memory} for gpu in gpus],
        "cuda": torch.version.cuda or "",
        "bfloat16": bool(gpus) and torch.cuda.is_bf16_supported(),
        "folders": {folder: Path(folder).is_dir() for folder in arguments.folders},
        "versions": versions(),
    }
    write_json(arguments.out, record)
    log.info("%s: %d GPUs", record["host"], count)
