"""All benchmarks on the machine at hand, as one table: ``python -m benchmarks.bench --out FOLDER``.

Writes FOLDER/bench.json and FOLDER/bench.md. A benchmark is a module with a function ``measure``.
"""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import date
from importlib import import_module
from pathlib import Path

from benchmarks.harness import as_markdown, machine
from pipeline_lib.common.machine import keep_freed_memory

MODULES = (
    *("maps", "methods", "photographs", "features", "boxes"),
    *("svm", "intervals", "loading", "commands"),
)


def main() -> int:
    """Run the benchmarks; after each line, write what has been measured so far."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("modules", nargs="*", help=f"some of: {' '.join(MODULES)}")
    parser.add_argument("--repeats", type=int, default=3, help="pairs of runs; 3 with --quick")
    parser.add_argument("--quick", action="store_true", help="less of everything, in three minutes")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    if unknown := set(arguments.modules) - set(MODULES):
        parser.error(f"unknown benchmark: {', '.join(sorted(unknown))}")
    keep_freed_memory()  # as the steps do; the peers gain as much
    rows, machine_ = [], {"date": str(date.today()), **machine()}
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.modules or MODULES:
        module = import_module(f"benchmarks.{name}")
        for row in module.measure(3 if arguments.quick else arguments.repeats, arguments.quick):
            print(f"{row.what} against {row.peer}: {row.ratio:.2f}", file=sys.stderr)
            rows.append(row)
            written = {"machine": machine_, "rows": [asdict(each) for each in rows]}
            (arguments.out / "bench.json").write_text(json.dumps(written, indent=1) + "\n")
            (arguments.out / "bench.md").write_text(as_markdown(rows, machine_))
    print(as_markdown(rows, machine_))
    return 0


if __name__ == "__main__":
    sys.exit(main())
