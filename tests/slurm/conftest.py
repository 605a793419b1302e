"""A cluster for all tests of this folder, and runs of the tiny study on it."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.slurm.cluster import Cluster, descendants, obstacle

QUICK = ("--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "10")
NETWORK = "AlexNet"
WEIGHTS = f"results/tiny/networks/{NETWORK}.safetensors"
# Long enough to be interrupted; the result is the same bits whatever happens meanwhile.
LONG = "training={save_every: 25, recipe: {epochs: 60}}"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    problem = obstacle()
    if problem:
        pytest.skip(f"no SLURM here: {problem}")
    cluster = Cluster(tmp_path_factory.mktemp("slurm"))
    cluster.start()
    yield cluster
    cluster.stop()


@dataclass
class Run:
    """A checkout in ``folder``, and Snakemake in it, in the background."""

    folder: Path
    process: subprocess.Popen | None = field(default=None, repr=False)

    def start(
        self, *arguments: str, config: tuple[str, ...] = (LONG,), study: str = "tiny"
    ) -> "Run":
        """Start `snakemake --profile slurm` for the targets and flags."""
        command = [sys.executable, "-m", "snakemake", *arguments, "--profile", "slurm", *QUICK]
        with open(self.folder / "snakemake.out", "a") as out:
            self.process = subprocess.Popen(
                [*command, "--config", f"study={study}", *config],
                cwd=self.folder,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                    "PYTHONPATH": str(self.folder),
                },
            )
        return self

    def locally(self, *arguments: str, config: tuple[str, ...] = (LONG,)) -> None:
        """Run the targets without the cluster; raises if that fails."""
        subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments, "--cores", "2"]
            + ["--config", "study=tiny", *config],
            cwd=self.folder,
            check=True,
            capture_output=True,
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "PYTHONPATH": str(self.folder),
            },
        )

    def ends(self, within: float = 240) -> int:
        """Wait until Snakemake ends; return its exit status."""
        return self.process.wait(within)

    def kill(self) -> None:
        """Kill Snakemake's processes, as a reboot of the login node would."""
        for process in (*descendants(self.process.pid), self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.process.wait()

    @property
    def output(self) -> str:
        """What Snakemake has printed so far."""
        return (self.folder / "snakemake.out").read_text()

    @property
    def log(self) -> str:
        """The trainer's log of its last attempt."""
        file = self.folder / "results" / "tiny" / "logs" / "train" / f"{NETWORK}.log"
        return file.read_text() if file.exists() else ""

    @property
    def steps(self) -> list[int]:
        """The steps of the training's history."""
        file = self.folder / "results" / "tiny" / "history" / NETWORK / "history.csv"
        lines = file.read_text().splitlines()[1:] if file.exists() else []
        return [int(line.split(",")[0]) for line in lines if line.split(",")[0].isdigit()]

    def job_of(self, cluster: Cluster, rule: str) -> str | None:
        """Return the id of this run's running job of the rule."""
        for number, fields in cluster.jobs().items():
            is_own = fields.get("WorkDir") == str(self.folder)
            if is_own and rule in fields.get("Comment", "") and fields["JobState"] == "RUNNING":
                return number
        return None

    def jobs_of(self, cluster: Cluster, rule: str) -> int:
        """Return how many jobs of the rule this run has submitted."""
        return len(self.requests(cluster, rule))

    def requests(self, cluster: Cluster, rule: str) -> list[dict[str, str]]:
        """Return SLURM's fields of all jobs of the rule that this run has submitted, in order."""
        jobs = cluster.jobs()
        return [
            jobs[number]
            for number in sorted(jobs, key=int)
            if jobs[number].get("WorkDir") == str(self.folder)
            and re.match(rf"rule_{rule}(_wildcards|$)", jobs[number].get("Comment", ""))
        ]


@pytest.fixture(scope="session")
def checkout(repository, tmp_path_factory) -> Callable[[str], Run]:
    """Return a function that checks the project out into a fresh folder."""

    def make(name: str) -> Run:
        folder = tmp_path_factory.mktemp(name) / "checkout"
        tracked = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=repository,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("\n")
        for file in filter(None, tracked):
            if (repository / file).is_file():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(repository / file, folder / file)
        return Run(folder)

    return make


@pytest.fixture(scope="session")
def unbroken(checkout) -> Run:
    """A run without a cluster and without a fault: all others must have the same result."""
    run = checkout("unbroken")
    run.locally("results/tiny/scratch/packed/ilsvrc-train/index.json")
    shutil.copytree(run.folder, run.folder.parent / "prepared", symlinks=True)
    run.locally(WEIGHTS)
    return run


@pytest.fixture
def training(unbroken, cluster, tmp_path) -> Run:
    """A checkout in which only the training is left to do."""
    folder = tmp_path / "checkout"
    shutil.copytree(unbroken.folder.parent / "prepared", folder, symlinks=True)
    run = Run(folder)
    yield run
    if run.process is not None and run.process.poll() is None:
        run.kill()
    for number, fields in cluster.jobs().items():
        if fields.get("WorkDir") == str(folder):
            subprocess.run(["scancel", number], check=False)


def last_lines(run: Run, count: int = 20) -> str:
    """Return the last lines that Snakemake printed."""
    return "\n".join(run.output.splitlines()[-count:])


def eventually(condition: Callable[[], object], within: float = 90) -> object:
    """Return the first true value of ``condition()``; fail if there is none in time."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not {within} seconds later: {condition}"
        time.sleep(0.3)
    return value
