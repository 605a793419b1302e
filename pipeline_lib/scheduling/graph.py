"""Snakemake's graph of jobs as plain values."""

from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from pipeline_lib.common.errors import InputError


def job_records(dag: Any) -> list[dict]:
    """Return a record of each job of Snakemake's ``dag``, in the order of ``dag.jobs``.

    Its keys are ``rule``, ``wildcards`` (by name), ``inputs``, ``outputs`` and ``log`` (paths),
    ``benchmark`` (a path or None), ``threads``, and ``needs``: the positions in this list of the jobs
    it depends on.
    """
    jobs = list(dag.jobs)
    position = {job: number for number, job in enumerate(jobs)}
    return [
        {
            "rule": job.rule.name,
            "wildcards": dict(job.wildcards_dict),
            "inputs": [str(path) for path in job.input],
            "outputs": [str(path) for path in job.output],
            "log": [str(path) for path in job.log],
            "benchmark": str(job.benchmark) if job.benchmark else None,
            "threads": job.threads,
            "needs": [position[other] for other in dag.dependencies[job]],
        }
        for job in jobs
    ]


def whole_graph(
    snakefile: Path, config: dict, records: Callable[[Any], list[dict]] = job_records
) -> list[dict]:
    """Return the ``records`` of all jobs of a study, also of finished ones, without running any.

    Raises InputError if Snakemake cannot build the graph; its own message is on stderr.
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
            # Of the calls that build the graph, this one does the least besides.
            workflow.dag(DAGSettings(forceall=True)).printrulegraph()
        except WorkflowError as error:
            raise InputError(
                f"{snakefile}: cannot build the graph of the study ({error})"
            ) from None
        except SystemExit as refusal:  # of the workflow, in its own words
            raise InputError(str(refusal).removeprefix("error: ")) from None
        return records(workflow._workflow.dag)


def closure(records: list[dict], files: Iterable[str]) -> list[dict]:
    """Return the records of the jobs that make ``files`` and of all jobs these depend on."""
    maker = {
        output: number for number, record in enumerate(records) for output in record["outputs"]
    }
    queue = [maker[file] for file in files if file in maker]
    needed: set[int] = set()
    while queue:
        number = queue.pop()
        if number not in needed:
            needed.add(number)
            queue.extend(records[number]["needs"])
    return [records[number] for number in sorted(needed)]
