"""One trial: a random job of a finished run is lost, and struck by a fault while it is done again."""

import shutil
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.soak.faults import FAULTS, HARMLESS
from tests.soak.run import Job, Run, copied


class Outcome(NamedTuple):
    """What a trial found; ``redone`` counts jobs that ran twice without need."""

    number: int
    fault: str
    rule: str
    happened: str
    jobs: int
    redone: int


def chosen(number: int, jobs: list[Job], cheap: bool = False) -> tuple[str, Job]:
    """Return the fault and the job of a trial: every rule once, then those with little after them.

    With ``cheap``, only jobs that few others depend on.
    """
    fault = list(FAULTS)[number % len(FAULTS)]
    if cheap:
        jobs = [job for job in jobs if len(job.after) <= 4]
    rules = sorted({job.rule for job in jobs})
    Random(0).shuffle(rules)
    rng = Random(number)
    if number < len(rules):
        of_rule = [job for job in jobs if job.rule == rules[number]]
    else:
        weights = {
            rule: sum(1 / (1 + len(job.after)) for job in jobs if job.rule == rule)
            for rule in rules
        }
        (rule,) = rng.choices(rules, [min(1, weights[rule]) for rule in rules])
        of_rule = [job for job in jobs if job.rule == rule]
    return fault, rng.choice(of_rule)


def trial(
    number: int, reference: Run, jobs: list[Job], folder: Path, cheap: bool = False
) -> Outcome:
    """Run a trial in ``folder`` and delete it; if anything is lost, keep it and raise AssertionError."""
    fault, job = chosen(number, jobs, cheap)
    run, rng = copied(reference, folder), Random(number)
    if fault == "flipped bit" and not job.artefacts(run.folder):
        fault = "disk full"  # it reads images, or what people read
    print(f"trial {number}: {fault}, {job.rule}: {', '.join(job.outputs)[:100]}", flush=True)
    before = run.finished(jobs)
    for output in job.outputs:
        path = run.folder / output
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    happened = FAULTS[fault](run, job, rng)
    struck = run.finished(jobs)
    run.snakemake("all")
    after = run.finished(jobs)

    done_first = {n for n in struck if struck[n] != before.get(n)}
    done_then = {n for n in after if after[n] != struck.get(n)}
    due, lost = _with_after(job), set()
    if run.damaged and happened != HARMLESS:
        makers = [other for other in jobs if run.damaged in other.outputs]
        lost = set().union(*(_with_after(maker) for maker in makers))
    undue = (done_first | done_then) - due - lost
    assert not undue, sorted(jobs[n].rule for n in undue)
    again = (done_first & done_then) - lost
    # Two may have written their results and not have told Snakemake.
    assert len(again) <= (2 if fault == "machine lost" else 0), [jobs[n].rule for n in again]
    compare(reference, run)
    shutil.rmtree(folder)
    return Outcome(number, fault, job.rule, happened, len(done_first | done_then), len(again))


def compare(reference: Run, run: Run) -> None:
    """Raise AssertionError where results differ from the reference, or anything lies beside them.

    A damaged file that no job has to read again may still be damaged.
    """
    expected, found = reference.contents(), run.contents()
    assert found.keys() == expected.keys(), sorted(found.keys() ^ expected.keys())
    changed = {path for path in expected if found[path] != expected[path]}
    assert changed <= {run.damaged}, sorted(changed)


def _with_after(job: Job) -> set[int]:
    return {job.number} | job.after


def table(outcomes: list[Outcome]) -> str:
    """Return what each kind of fault did, as a Markdown table."""
    lines = [
        "| fault | trials | rules struck | jobs done again | of those needlessly | what happened |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for fault in FAULTS:
        of_kind = [outcome for outcome in outcomes if outcome.fault == fault]
        happened = [outcome.happened for outcome in of_kind]
        counts = ", ".join(f"{happened.count(text)} {text}" for text in sorted(set(happened)))
        lines.append(
            f"| {fault} | {len(of_kind)} | {len({outcome.rule for outcome in of_kind})} "
            f"| {sum(outcome.jobs for outcome in of_kind)} "
            f"| {sum(outcome.redone for outcome in of_kind)} | {counts} |"
        )
    return "\n".join(lines)
