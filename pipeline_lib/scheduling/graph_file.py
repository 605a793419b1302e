"""``graph.json``: what a run is about to do, written as it starts, for the step status to read.

Its own time is the run's start, by the clock of the file system that the results lie on. It holds

- ``folder``, where Snakemake runs, which paths start from, and ``books``, its .snakemake,
- ``host``, ``pid`` and ``began`` (epoch s) of its process,
- ``artefacts``, the files of each table and figure by its name,
- ``jobs``: records of `pipeline_lib.scheduling.graph`, without ``needs``, which follow from the
  files, but with ``due`` (this run is to do it) and ``former`` (only an earlier run asked for it).
"""

import os
import socket
from pathlib import Path
from typing import Any

import psutil

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json, write_json
from pipeline_lib.scheduling.graph import job_records

NAME = "graph.json"


def write_graph(results: str, dag: Any, artefacts: dict[str, list[str]], books: str) -> None:
    """Write the file of a study's ``results``; a run that makes no file of theirs leaves it."""
    records = [
        {key: value for key, value in record.items() if key != "needs"}
        | {"due": dag.needrun(job), "former": False}
        for job, record in zip(dag.jobs, job_records(dag), strict=True)
        if record["outputs"]
    ]
    if not records:
        return
    path = Path(results) / NAME
    run = {
        "folder": os.getcwd(),
        "books": os.path.abspath(books),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "began": psutil.Process().create_time(),
        "artefacts": artefacts,
        "jobs": records + _former(path, records),
    }
    write_json(path, run)


def _former(path: Path, records: list[dict]) -> list[dict]:
    """Return the jobs an earlier run knew of and this one does not, as `snakemake table2` does not.

    They are as that run saw them: what has changed in the configuration shows with the next run that
    asks for them.
    """
    try:
        known = read_json(path)["jobs"]
    except (InputError, KeyError):  # there was none, or it is spoiled
        return []
    made = {output for record in records for output in record["outputs"]}
    return [
        job | {"due": False, "former": True} for job in known if made.isdisjoint(job["outputs"])
    ]
