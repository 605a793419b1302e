"""How far a running job is, read from its log and the files beside it."""

import math
import re
import shlex
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import harmonic_mean

from pipeline_lib.scheduling.state import modified

SPEED_ROWS = 5  # rows of a training's history that its speed is averaged over


@dataclass(frozen=True)
class Progress:
    """How far a job is, in words, and the time of its last sign of life (epoch s)."""

    text: str
    last_sign: float


def progress(log: Path, folder: Path, since: float, now: float) -> Progress:
    """Return how far a job is that writes ``log`` and began at ``since`` (epoch s).

    Of training it is a number of steps, of jobs that keep blocks of results their number, of other jobs
    the last line of the log. Relative paths in the log start at ``folder``.
    """
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    flags = _flags(lines[0]) if lines else {}
    last_line = lines[-1] if len(lines) > 1 else "begun"
    last_sign = modified(log) or since
    measured = None
    if flags.get("--history"):
        measured = _training(flags, folder, since, now)
    elif flags.get("--partial"):
        measured = _blocks(lines, folder / flags["--partial"][-1], since)
    if measured is None:
        return Progress(last_line, last_sign)
    return Progress(measured.text, max(measured.last_sign, last_sign))


def _flags(line: str) -> dict[str, list[str]]:
    """Return the values of each flag of a command line; of a repeated flag all, in order."""
    try:
        words = shlex.split(line)
    except ValueError:  # the line is not complete yet
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
    written = modified(path)
    if written is None or written < since:  # of an earlier training
        return None
    rows = _rows(path)
    if not rows or not {"step", "epoch", "images_per_second"} <= rows[0].keys():
        return None
    step, epoch = round(rows[-1]["step"]), rows[-1]["epoch"]
    speed = harmonic_mean([row["images_per_second"] for row in rows[-SPEED_ROWS:]])
    recipe = dict(pair.split("=", 1) for pair in flags.get("--recipe", []))
    if not {"epochs", "batch"} <= set(recipe):  # every study of the workflow states both
        return Progress(f"step {step}, epoch {epoch:.2f}, {speed:.0f} images/s", written)
    epochs = float(recipe["epochs"])
    steps = math.ceil(epochs * round(step / epoch))
    seconds = (steps - step) * int(recipe["batch"]) / speed if speed else 0.0
    left = timedelta(seconds=round(max(0.0, seconds - (now - written))))
    return Progress(
        f"step {step} of {steps}, epoch {epoch:.2f} of {epochs:g}, {speed:.0f} images/s, "
        f"{left} left",
        written,
    )


def _rows(path: Path) -> list[dict[str, float]]:
    """Return the complete rows of a training's history; none of a spoiled one."""
    header, *lines = path.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    names = header.split(",")
    cells = (line.split(",") for line in lines)
    try:
        return [
            dict(zip(names, map(float, row), strict=True))
            for row in cells
            if len(row) == len(names)
        ]
    except ValueError:
        return []


def _blocks(lines: list[str], folder: Path, since: float) -> Progress | None:
    total = re.search(r" images to do of \d+ in (\d+) blocks$", "\n".join(lines), re.MULTILINE)
    blocks = list(folder.glob("[0-9]*"))
    if not total or not blocks:
        return None
    try:
        newest = max(path.stat().st_mtime for path in blocks)
    except FileNotFoundError:  # they have just been joined
        return None
    return Progress(f"{len(blocks)} of {total[1]} blocks", max(newest, since))
