"""``graph.json``: the jobs of a run, written as it starts, for the step `status`.

The file's modification time is the start of the run, by the clock of the results' file system. It
holds

- ``folder``, where Snakemake runs: relative paths start there; ``persistence``, its .snakemake,
- ``host``, ``pid`` and ``process_started`` (epoch s) of its process,
- ``configuration`` of the study, complete, and ``code``, the version and commit of this package,
- ``jobs``: records of `pipeline_lib.scheduling.graph`, without ``needs``, which follows from the
  files, but with ``due`` (this run has to do it) and ``earlier`` (only an earlier run asked for it).
"""

import os
import socket
from pathlib import Path
from typing import Any

import psutil

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json, write_json
from pipeline_lib.scheduling.graph import job_records
from pipeline_lib.scheduling.versions import code_version
from pipeline_lib.study.configuration.root import Configuration

GRAPH_FILE = "graph.json"
_REPOSITORY = Path(__file__).parents[2]


def write_graph(results: str, dag: Any, configuration: Configuration, persistence: str) -> None:
    """Write the file into the folder ``results`` of a study; a run without outputs writes none.

    ``persistence`` is Snakemake's folder of records about outputs.
    """
    records = [
        {key: value for key, value in record.items() if key != "needs"}
        | {"due": dag.needrun(job), "earlier": False}
        for job, record in zip(dag.jobs, job_records(dag), strict=True)
        if record["outputs"]
    ]
    if not records:
        return
    path = Path(results) / GRAPH_FILE
    run = {
        "folder": os.getcwd(),
        "persistence": os.path.abspath(persistence),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "process_started": psutil.Process().create_time(),
        "configuration": configuration.model_dump(mode="json", exclude_unset=True),
        "code": code_version(_REPOSITORY),
        "jobs": records + _earlier_jobs(path, records),
    }
    write_json(path, run)


def read_graph(path: Path) -> dict:
    """Return the content of the file. Raises InputError if it is missing, spoiled or outdated."""
    if not path.exists():
        raise InputError(f"{path}: not found; snakemake writes it when it starts a study")
    run = read_json(path)
    if "configuration" not in run:
        raise InputError(f"{path}: written by an earlier version; start snakemake to renew it")
    return run


def _earlier_jobs(path: Path, records: list[dict]) -> list[dict]:
    """Return the jobs of earlier runs that are not part of this one, as after `snakemake table2`.

    They are as the earlier run described them. A change of the configuration shows with the next run
    that asks for them.
    """
    try:
        jobs = read_graph(path)["jobs"]
    except InputError:  # missing, spoiled or outdated
        return []
    outputs = {output for record in records for output in record["outputs"]}
    return [
        job | {"due": False, "earlier": True} for job in jobs if outputs.isdisjoint(job["outputs"])
    ]
