"""The trainer as a process of its own, on the tiny world."""

import csv
import multiprocessing
import os
import socket
import time

import pytest

MAIN = """
import multiprocessing, os, sys
os.environ.update(environment)
multiprocessing.set_start_method("fork", force=True)  # for the workers that decode: as by hand
from pipeline_lib.steps.networks.train import main
sys.exit(main(argv))
"""


@pytest.fixture(scope="session")
def flags(training_manifest, tiny_world):
    """The flags of a run of 30 steps of a small NIN, with options and recipe laid over."""

    def build(options=(), **recipe):
        options = {"width": 0.125, "half_input": "true"} | dict(options)
        recipe = {"epochs": 5, "batch": 4, "rate": 0.02, "schedule": "cosine"} | recipe
        return [
            *("--name", "NIN", "--architecture", "nin"),
            *(flag for key, value in options.items() for flag in ("--option", f"{key}={value}")),
            *(flag for key, value in recipe.items() for flag in ("--recipe", f"{key}={value}")),
            *("--images", str(training_manifest), "--root", str(tiny_world), "--warp", "120"),
            *("--crop", "112", "--threads", "1", "--save-every", "2", "--log-every", "3"),
        ]

    return build


def outputs(folder):
    """The flags of where a run writes, all of it in one folder."""
    return [
        *("--checkpoints", str(folder / "checkpoints"), "--out", str(folder / "x.safetensors")),
        *("--history", str(folder), "--log", str(folder / "log")),
    ]


class Run:
    """A trainer in one process or several, that can be watched and killed."""

    def __init__(self, context, flags, folder, processes):
        self.folder = folder
        self.processes = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
        for rank in range(processes):
            environment = {"RANK": str(rank), "LOCAL_RANK": str(rank)} if processes > 1 else {}
            environment |= {"WORLD_SIZE": str(processes), "OMP_NUM_THREADS": "1", **address}
            values = {"environment": environment, "argv": [*flags, *outputs(folder)]}
            self.processes.append(context.Process(target=exec, args=(MAIN, values)))
        for process in self.processes:
            process.start()

    def wait(self):
        """Wait for the end; return the exit statuses."""
        for process in self.processes:
            process.join(120)
        return [process.exitcode for process in self.processes]

    def wait_for_step(self, step):
        """Wait for a checkpoint of this step or a later one, or for the end."""
        saved = []
        while self.processes[0].is_alive() and max(saved, default=-1) < step:
            time.sleep(0.002)
            checkpoints = (self.folder / "checkpoints").glob("[!.]*.pt")
            saved = [int(path.stem.split("-")[1]) for path in checkpoints]

    def kill(self, number):
        """Send a signal to all; return the exit statuses."""
        for process in self.processes:
            os.kill(process.pid, number)
        return self.wait()

    @property
    def log(self):
        """The log's text."""
        return (self.folder / "log").read_text()


@pytest.fixture(scope="session")
def launch():
    """Start the trainer: real processes, forked from one that has imported PyTorch already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["pipeline_lib.steps.networks.train", "torch._dynamo"]
    )  # optimizers import it

    def start(flags, folder, processes=1):
        folder.mkdir(exist_ok=True)
        return Run(context, flags, folder, processes)

    return start


@pytest.fixture(scope="session")
def read_history():
    """Read a history.csv as a list of rows of numbers."""

    def read(folder):
        with open(folder / "history.csv", newline="") as file:
            return [{key: float(text) for key, text in row.items()} for row in csv.DictReader(file)]

    return read
