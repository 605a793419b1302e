"""Paired timings: what this project does against what a user would use instead, and the machine's limit.

Both get the same input and must give the same output before they are timed. They run in turn, in
alternating order, so that other work on the machine strikes both; the ratio is the median over pairs.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pandas as pd

LIBRARIES = (
    "torch",
    "torchvision",
    "timm",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "scikit-learn",
)


@dataclass(frozen=True)
class Measured:
    """One line of the table: ``what`` was done against ``peer``, in ``unit`` by ours and theirs.

    ``ratio`` is how many times faster ours is, the median of paired runs between ``low`` and ``high``;
    ``aim`` is what it should be, None where the peer is only a mark beside another one.
    """

    what: str
    peer: str
    ours: float
    theirs: float
    unit: str
    ratio: float
    low: float
    high: float
    aim: float | None
    same: str


def paired(
    what: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    peer: str,
    items: int,
    their_items: int | None = None,
    unit: str,
    aim: float | None,
    same: str,
    repeats: int,
) -> Measured:
    """Time both ``repeats`` times in turn, after one run of each that does not count.

    ``items`` are done by a call, ``their_items`` by one of the other where it is much slower. ``same``
    says what was compared before, and how closely it agrees.
    """
    ours(), theirs()
    pairs = []
    for repeat in range(repeats):
        seconds = {}
        for way in (ours, theirs)[:: 1 if repeat % 2 else -1]:
            began = time.perf_counter()
            way()
            seconds[way] = time.perf_counter() - began
        pairs.append((seconds[ours] / items, seconds[theirs] / (their_items or items)))
    ratios = [other / own for own, other in pairs]
    speeds = [1 / statistics.median(each) for each in zip(*pairs, strict=True)]
    return Measured(
        what, peer, *speeds, unit, statistics.median(ratios), min(ratios), max(ratios), aim, same
    )


def machine() -> dict[str, object]:
    """Return what the numbers depend on: processor, cores, GPU, versions."""
    import torch  # not above: it would be a part of the time of processes that make boxes

    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.partition(":")[2].strip() for line in info.splitlines() if "model name" in line]
    return {
        "processor": names[0] if names else platform.processor(),
        "vectors": torch.backends.cpu.get_cpu_capability(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
        "load before": round(os.getloadavg()[0], 1),
        "GPU": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "Python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def as_markdown(rows: list[Measured], machine_: dict[str, object]) -> str:
    """Return the table, with the machine below it."""
    table = pd.DataFrame(_cells(rows))
    lines = [f"{name} {value}" for name, value in machine_.items()]
    return f"{table.to_markdown(index=False, disable_numparse=True)}\n\n{'; '.join(lines)}.\n"


def _cells(rows: list[Measured]) -> Iterator[dict[str, str]]:
    for row in rows:
        yield {
            "what": row.what,
            "against": row.peer,
            "ours": f"{row.ours:,.4g} {row.unit}",
            "theirs": f"{row.theirs:,.4g} {row.unit}",
            "ratio": f"{row.ratio:.3g} ({row.low:.3g} to {row.high:.3g})",
            "aim": "-" if row.aim is None else f"{row.aim:g}",
            "met": "-" if row.aim is None else "yes" if row.ratio >= row.aim else "no",
            "checked before": row.same,
        }
