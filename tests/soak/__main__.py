"""Faults at every rule of the tiny study, in seeded trials: `make soak`, `make soak TRIALS="7 12"`.

Each trial works on a copy of a finished run. It deletes the outputs of a random job, runs Snakemake,
strikes the job at a random moment, and runs Snakemake again, which must end well with the same results
byte for byte, nothing finished done again and nothing left behind. A copy where that failed is kept.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

from tests.soak.run import Run, jobs_of
from tests.soak.trial import Outcome, table, trial

REPOSITORY = Path(__file__).parents[2]


def reference_run(folder: Path) -> Run:
    """Return the tiny study in ``folder``, run to the end there unless it has been."""
    run = Run(folder, folder / "results" / "tiny", ("study=tiny",))
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("Snakefile", "config.yaml", "workflow", "envs", "profiles"):
        copy = shutil.copytree if (REPOSITORY / part).is_dir() else shutil.copy
        if not (folder / part).exists():
            copy(REPOSITORY / part, folder / part)
    if not (folder / "pipeline_lib").exists():
        (folder / "pipeline_lib").symlink_to(REPOSITORY / "pipeline_lib")  # its lists of files
    run.snakemake("all")
    return run


def main() -> int:
    """Run the trials, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trials", type=int, nargs="*", help="their numbers, 0 to 99 by default")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "results" / "soak")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no trial later")
    arguments = parser.parse_args()
    begin = time.monotonic()
    reference = reference_run(arguments.folder.resolve() / "reference")
    jobs = jobs_of(reference)
    print(f"reference: {len(jobs)} jobs, {time.monotonic() - begin:.0f} s")
    outcomes: list[Outcome] = []
    failed = []
    for number in arguments.trials or range(100):
        if time.monotonic() - begin > arguments.seconds:
            break
        start = time.monotonic()
        try:
            outcome = trial(number, reference, jobs, arguments.folder.resolve() / f"trial-{number}")
            outcomes.append(outcome)
            print(f"  {outcome.happened}, {outcome.jobs} jobs, {time.monotonic() - start:.0f} s")
        except AssertionError as error:
            failed.append(number)
            print(f"  FAILED, see results/soak/trial-{number}: {error}")
    missing = {job.rule for job in jobs} - {outcome.rule for outcome in outcomes}
    print(f"\n{table(outcomes)}\n\n{len(outcomes)} trials came out, {len(failed)} failed: {failed}")
    print(f"rules that no trial struck: {', '.join(sorted(missing)) or 'none'}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
