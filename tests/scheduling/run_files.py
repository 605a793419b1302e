"""The files of a run, written by hand: four jobs in a row and one that an earlier run asked for."""

import json
import os
import socket
from base64 import urlsafe_b64encode
from pathlib import Path

import psutil

from pipeline_lib.scheduling.state import Run

START = 1_700_000_000  # of the run, epoch s
CONFIGURATION = {
    "study": "mini",
    "networks": {"NIN": {"architecture": "nin"}},
    "figures": {"network": "NIN", "baseline": "NIN"},
    "world": {"train_images": 10, "val_images": 10},
}


def path_of(name: str) -> str:
    """Return the output of a job."""
    return f"results/mini/tables/{name}.csv" if name.startswith("table") else f"out/{name}"


def record(name: str, before: str | None, due: bool = True, earlier: bool = False) -> dict:
    """Return the record of a job whose input is made by the job ``before``."""
    return {
        **{"rule": name, "wildcards": {"network": "NIN"} if name == "train" else {}},
        **{"inputs": [path_of(before)] if before else [], "outputs": [path_of(name)]},
        **{"log": [f"logs/{name}.log"], "benchmark": None, "due": due, "earlier": earlier},
    }


class RunFiles:
    """A run in ``folder``; nothing has begun."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.results = folder, folder / "results" / "mini"
        names = ("world", "train", "score", "table1")
        jobs = [record(name, before) for name, before in zip(names, (None, *names), strict=False)]
        jobs.append(record("table2", "world", due=False, earlier=True))
        self.graph = {
            **{"folder": str(folder), "persistence": str(folder / ".snakemake")},
            **{"host": socket.gethostname(), "pid": os.getpid()},
            "process_started": psutil.Process().create_time(),
            "configuration": CONFIGURATION,
            "jobs": jobs,
        }
        self.change()

    def write(self, when: float, path: str, text: str = "") -> None:
        """Write a file as of a time."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.utime(file, (when, when))

    def note(self, when: float, kind: str, name: str, job: str | None = None) -> None:
        """Write Snakemake's marker ("incomplete") or entry ("metadata") of a job's output."""
        file = urlsafe_b64encode(path_of(name).encode()).decode()
        self.write(when, f".snakemake/{kind}/{file}", json.dumps({"external_jobid": job}))

    def change(self, **values: object) -> None:
        """Write graph.json, with other values of some keys."""
        self.write(START, "results/mini/graph.json", json.dumps(self.graph | values))

    def states(self) -> dict[str, str]:
        """Return the state of each job by its rule."""
        return {job.record["rule"]: job.state for job in Run(self.results).jobs}
