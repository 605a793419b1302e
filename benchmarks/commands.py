"""Commands that people wait for, in seconds, against what is aimed at: as long as that or shorter.

Each runs in a process of its own. Snakemake's graphs are planned in a checkout; nothing is run.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.features import write_photographs
from benchmarks.harness import Measured

CHECKOUT = Path(__file__).parents[1]
EXPLAIN = (sys.executable, "-m", "pipeline_lib", "explain")
SNAKEMAKE = (sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "all", "--dry-run")


def measure(repeats: int, quick: bool) -> Iterator[Measured]:
    """Yield a line for each command."""
    with tempfile.TemporaryDirectory() as folder:
        (name,) = write_photographs(Path(folder), 1)
        one = (*EXPLAIN, str(Path(folder, name)), "--out", str(Path(folder, "explained.png")))
        yield _timed("explain on one photograph", one, 4, repeats)
        paper = (*SNAKEMAKE, "all", "--config", "study=paper", f"data_root={folder}")
        yield _timed("plan of the paper study, without its data", paper, 4, repeats)
    if (CHECKOUT / "results/mini/report/index.html").exists():
        yield _timed("plan of a finished mini study", (*SNAKEMAKE, "all"), 3, repeats)


def _timed(what: str, command: tuple[str, ...], aim: float, repeats: int) -> Measured:
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
        seconds.append(time.perf_counter() - began)
    ratios = [aim / each for each in seconds]
    return Measured(
        what, f"{aim:g} s", statistics.median(seconds), aim, "s", statistics.median(ratios),
        min(ratios), max(ratios), 1, "exit status 0",
    )  # fmt: skip
