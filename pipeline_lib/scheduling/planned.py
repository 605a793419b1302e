"""The jobs that a run of Snakemake has to do, with how long each should take."""

from pathlib import Path
from typing import Any

from pipeline_lib.common.errors import InputError
from pipeline_lib.scheduling.chapters import PlannedJob
from pipeline_lib.scheduling.costs import seconds
from pipeline_lib.scheduling.graph import job_records
from pipeline_lib.scheduling.workload import Workload

UNKNOWN = 5.0  # seconds of a job that has no rates


def planned_jobs(dag: Any, workload: Workload) -> dict[int, PlannedJob]:
    """Return the jobs of Snakemake's ``dag`` that are due, by Snakemake's number, without targets."""
    records = zip(dag.jobs, job_records(dag), strict=True)
    return {
        dag.jobid(job): PlannedJob(
            chapter=Path(str(job.rule.snakefile)).stem,
            name=" ".join([record["rule"], *record["wildcards"].values()]),
            seconds=_seconds(record, workload),
            outputs=tuple(record["outputs"]),
            prints=not record["outputs"],
        )
        for job, record in records
        if dag.needrun(job) and not job.rule.norun
    }


def _seconds(record: dict, workload: Workload) -> float:
    try:
        return seconds(record, workload) or UNKNOWN
    except (InputError, KeyError):
        return UNKNOWN
