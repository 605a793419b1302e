"""Snakemake's graph of jobs as plain values."""

from collections.abc import Iterable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from pipeline_lib.common.errors import InputError


def job_records(dag: Any) -> list[dict]:
    """Return a record of each job of Snakemake's ``dag``, in the order of ``dag.jobs``.

    ``rule``, ``wildcards`` (by name), ``inputs``, ``outputs`` and ``log`` (paths), ``benchmark`` (a
    path or None), ``threads`` and ``needs``, the places in this list of the jobs that it waits for.
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
            "threads": job.threads,
            "needs": [place[other] for other in dag.dependencies[job]],
        }
        for job in jobs
    ]


def whole_graph(snakefile: Path, config: dict) -> list[dict]:
    """Return the records of all jobs of a study, whatever of it is done, without running any.

    Raises InputError where Snakemake cannot build the graph; its own words are on stderr.
    """
    from snakemake.api import SnakemakeApi
    from snakemake.exceptions import WorkflowError
    from snakemake.settings.types import (
        ConfigSettings,
        DAGSettings,
        OutputSettings,
        Quietness,
        ResourceSettings,
    )

    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api, redirect_stdout(StringIO()):
        workflow = api.workflow(
            ResourceSettings(cores=10_000), ConfigSettings(config=config), snakefile=snakefile
        )
        try:
            workflow.dag(DAGSettings(forceall=True)).printrulegraph()  # the least that builds it
        except WorkflowError as error:
            raise InputError(f"{snakefile}: no graph of the study ({error})") from None
        return job_records(workflow._workflow.dag)


def closure(records: list[dict], files: Iterable[str]) -> list[dict]:
    """Return the records of the jobs that make these files, and of all that they need, each once."""
    maker = {
        output: number for number, record in enumerate(records) for output in record["outputs"]
    }
    rest = [maker[file] for file in files if file in maker]
    found: set[int] = set()
    while rest:
        number = rest.pop()
        if number not in found:
            found.add(number)
            rest.extend(records[number]["needs"])
    return [records[number] for number in sorted(found)]
