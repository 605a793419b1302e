"""How far a running job is, as its log and what it leaves beside it tell."""

import math
import re
import shlex
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import harmonic_mean

import numpy as np

from pipeline_lib.scheduling.state import time_of

ROWS = 5  # of a training's history, that its speed is the mean of


@dataclass(frozen=True)
class Progress:
    """In words, and when the job last gave a sign of life (epoch s)."""

    words: str
    last_sign: float


def progress(log: Path, folder: Path, since: float, now: float) -> Progress:
    """Return how far the job is that writes ``log`` and began at ``since`` (epoch s).

    Training and feature extraction say it in numbers, of others it is the log's last line. Paths in
    the log start at ``folder``.
    """
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    flags = _flags(lines[0]) if lines else {}
    last = Progress(lines[-1] if len(lines) > 1 else "begun", time_of(log) or since)
    found = None
    if flags.get("--history"):
        found = _training(flags, folder, since, now)
    elif flags.get("--partial"):
        found = _extraction(lines, folder / flags["--partial"][-1], since)
    if found is None:
        return last
    return Progress(found.words, max(found.last_sign, last.last_sign))


def _flags(line: str) -> dict[str, list[str]]:
    """Return the values of each flag of a command line, those of a repeated one in order."""
    try:
        words = shlex.split(line)
    except ValueError:  # half a line
        return {}
    flags: dict[str, list[str]] = {}
    key = ""
    for word in words:
        if word.startswith("--"):
            key = word
            flags.setdefault(key, [])
        elif key:
            flags[key].append(word)
    return flags


def _training(
    flags: dict[str, list[str]], folder: Path, since: float, now: float
) -> Progress | None:
    path = folder / flags["--history"][-1] / "history.csv"
    written = time_of(path)
    if written is None or written < since:  # an earlier training's
        return None
    header, *lines = path.read_text(encoding="utf-8").splitlines() or [""]
    names = header.split(",")
    cells = [line.split(",") for line in lines]
    rows = [
        dict(zip(names, map(float, row), strict=True)) for row in cells if len(row) == len(names)
    ]
    if not rows:
        return None
    last = rows[-1]
    step, epoch = round(last["step"]), last["epoch"]
    speed = harmonic_mean([row["images_per_second"] for row in rows[-ROWS:]])
    recipe = dict(pair.split("=", 1) for pair in flags.get("--recipe", []))
    if not {"epochs", "batch"} <= set(recipe):  # every study says both
        return Progress(f"step {step}, epoch {epoch:.2f}, {speed:.0f} images/s", written)
    steps = math.ceil(float(recipe["epochs"]) * round(step / epoch))
    left = (steps - step) * int(recipe["batch"]) / speed if speed else 0.0
    left = timedelta(seconds=round(max(0.0, left - (now - written))))
    return Progress(
        f"step {step} of {steps}, epoch {epoch:.2f} of {recipe['epochs']}, {speed:.0f} images/s, "
        f"{left} left",
        written,
    )


def _extraction(lines: list[str], blocks: Path, since: float) -> Progress | None:
    images = re.search(r" images to do of (\d+)$", "\n".join(lines), re.MULTILINE)
    paths = sorted(blocks.glob("[0-9]*.npy"))
    if not images or not paths:
        return None
    try:
        size = len(np.load(paths[0], mmap_mode="r"))
        newest = max(path.stat().st_mtime for path in paths)
    except FileNotFoundError:  # they have just been put together
        return None
    return Progress(f"{len(paths)} of {-(-int(images[1]) // size)} blocks", max(newest, since))
