"""How time and memory of each heavy step grow with the data: at 1, 4 and 16 times, on made-up inputs.

Each step runs in a process of its own; time is its CPU time, memory its peak. With t = a + b n^p, the
increments give p, and b extrapolates to the full size, which is compared with what `slurm/config.yaml`
asks for. Networks are tiny: what runs beside them on the CPU is measured, not a GPU.

    python benchmarks/growth.py > growth.md     under an hour; --quick: to try whether it runs
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from math import log
from pathlib import Path

import yaml
from growth_cases import CASES, Case

REPOSITORY = Path(__file__).resolve().parents[1]
SIZES = (1, 4, 16)
NOISE = (0.5, 20.0)  # CPU seconds and MB that mean no growth


def prepare(case: Case, n: int, folder: str) -> list[str]:
    """Write a case's inputs of n items, in a process of their own; return the command."""
    script = [
        sys.executable,
        REPOSITORY / "benchmarks/growth_cases.py",
        CASES.index(case),
        n,
        folder,
    ]
    made = subprocess.run(
        list(map(str, script)), check=True, stdout=subprocess.PIPE, cwd=REPOSITORY
    )
    return json.loads(made.stdout.splitlines()[-1])


def measure(words: list[str]) -> tuple[float, float]:
    """Run a command; return the CPU seconds and the peak MB of its process."""
    with tempfile.TemporaryFile() as log_file:
        process = subprocess.Popen(words, stdout=log_file, stderr=log_file, cwd=REPOSITORY)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log_file.seek(0)
            sys.exit(f"{' '.join(words)}\n{log_file.read().decode()}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def growth(values: list[float], noise: float) -> float:
    """Return the exponent p of a + b n^p through three values, 0 if they hardly differ.

    It counts as 1 if only the last value rises above what every start of Python takes.
    """
    first, second = values[1] - values[0], values[2] - values[1]
    if first + second < noise or second <= 0:
        return 0.0
    return log(second / first, SIZES[2] / SIZES[1]) if first > noise else 1.0


def at_full(values: list[float], exponent: float, full: float, repeats: float) -> float:
    """Return the value at ``full`` times the first size; what grows is multiplied by ``repeats``.

    Growth that is less than linear, or not told from noise, counts as linear.
    """
    p = max(exponent, 1.0)
    slope = max(values[2] - values[1], 0.0) / (SIZES[2] ** p - SIZES[1] ** p)
    largest = values[2] + slope * (full**p - SIZES[2] ** p)
    return values[0] + repeats * (largest - values[0])


def requests() -> Callable[[str, str], float]:
    """Return what `slurm/config.yaml` asks for, by rule and resource, at the first attempt."""
    profile = yaml.safe_load((REPOSITORY / "slurm/config.yaml").read_text(encoding="utf-8"))

    def asked(rule: str, key: str) -> float:
        own = profile["set-resources"].get(rule, {})
        return float(re.match(r"\d+", str(own.get(key, profile["default-resources"][key])))[0])

    return asked


def row_of(case: Case, quick: bool, asked: Callable[[str, str], float]) -> dict[str, str]:
    """Measure a step at all sizes; return a row of the table."""
    measured = []
    smaller = 8 if quick else 1
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            n = max(case.least, case.base * size // smaller)
            measured.append(measure(prepare(case, n, folder)))
    seconds, megabytes = map(list, zip(*measured, strict=True))
    full = case.full / case.base * smaller
    exponents = [growth(*each) for each in zip((seconds, megabytes), NOISE, strict=True)]
    minutes = at_full(seconds, exponents[0], full, case.repeats) / 60 / case.cores
    peak = max(megabytes)
    if exponents[1] and case.memory:
        peak = at_full(megabytes, exponents[1], full, 1)
    if case.cores > 1:  # and the processes that share the work
        peak += case.cores * megabytes[0]
    asked_minutes, asked_mb = asked(case.rule, "runtime"), asked(case.rule, "mem_mb")
    return {
        "step": case.name,
        "items, 16x": f"{case.base * SIZES[2] // smaller:,}",
        "full": f"{case.full:,}",
        "CPU s": " / ".join(f"{value:.1f}" for value in seconds),
        "grows as n^": f"{exponents[0]:.2f}" if exponents[0] else "flat",
        "full, min": f"{minutes:.1f} on {case.cores}" if case.cores > 1 else f"{minutes:.1f}",
        "asked, min": f"{asked_minutes:g}",
        "peak MB": " / ".join(f"{value:.0f}" for value in megabytes),
        "n^": ("-", f"{exponents[1]:.2f}")[case.memory] if exponents[1] else "flat",
        "full, MB": f"{peak:,.0f}",
        "asked, MB": f"{asked_mb:,.0f}",
        "twice fits": "yes" if 2 * minutes <= asked_minutes and 2 * peak <= asked_mb else "NO",
    }


def markdown(rows: list[dict[str, str]]) -> str:
    """Return a table of rows with the same keys."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Measure all steps, or those that are named, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="an eighth of the sizes")
    parser.add_argument("--only", nargs="+", default=[], help="parts of the steps' names")
    arguments = parser.parse_args()
    cases = [c for c in CASES if not arguments.only or any(o in c.name for o in arguments.only)]
    rows = []
    for case in cases:
        rows.append(row_of(case, arguments.quick, requests()))
        print(rows[-1], file=sys.stderr)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print(markdown(rows))


if __name__ == "__main__":
    main()
