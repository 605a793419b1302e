"""Snakemake's graph of jobs as plain values."""

from typing import Any


def job_records(dag: Any) -> list[dict]:
    """Return a record of each job of Snakemake's ``dag``, in the order of ``dag.jobs``.

    ``rule``, ``wildcards`` (by name), ``inputs``, ``outputs`` and ``log`` (paths), ``benchmark`` (a
    path or None) and ``needs``, the places in this list of the jobs that it waits for.
    """
    jobs = list(dag.jobs)
    place = {job: number for number, job in enumerate(jobs)}
    return [
        {
            "rule": job.rule.name,
            "wildcards": dict(job.wildcards_dict),
            "inputs": [str(path) for path in job.input],
            "outputs": [str(path) for path in job.output],
            "log": [str(path) for path in job.log],
            "benchmark": str(job.benchmark) if job.benchmark else None,
            "needs": [place[other] for other in dag.dependencies[job]],
        }
        for job in jobs
    ]
