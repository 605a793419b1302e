"""What a job's log tells: its error, its last lines, its warnings."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline_lib.common.command import WARNING

TAIL = 5  # last lines that are shown
LINE = 200  # characters of each


def read_log(path: Path) -> list[str]:
    """Return the lines of a log; none if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def error_in(lines: Sequence[str]) -> str:
    """Return the last error in the lines of a log, "" if it has none."""
    errors = [line for line in lines if "error: " in line]
    return errors[-1].partition("error: ")[2] if errors else ""


def warnings_in(lines: Iterable[str]) -> int:
    """Return how many warnings the lines of a log have."""
    return sum(line.startswith(WARNING) for line in lines)


def failure(name: str, logs: Sequence[Path]) -> list[str]:
    """Return the lines about a failed job: what failed and why, its log, the log's last lines.

    ``logs`` are the step's own, then those of the cluster's scheduler; the first with an error counts.
    """
    texts = {path: lines for path in logs if (lines := read_log(path))}
    if not texts:
        return [f"failed: {name}: it wrote no log"]
    path = next((path for path, lines in texts.items() if error_in(lines)), next(iter(texts)))
    reason = error_in(texts[path]) or "no error in its log; it was killed"
    lines = [line for line in texts[path][1:] if line and not re.match(".*error: ", line)]
    return [f"failed: {name}: {reason}", f"  its log: {path}"] + [
        f"    | {line[:LINE]}" for line in lines[-TAIL:]
    ]
