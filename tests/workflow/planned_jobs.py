"""Print, as JSON, all jobs of a study with their command lines: `planned_jobs.py SNAKEFILE CONFIG`.

A process of its own, because Snakemake changes the one that it is called in.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pipeline_lib.scheduling.graph import job_records, whole_graph

OWN = ("_cores", "_nodes", "tmpdir")  # resources that Snakemake sets by itself


def with_commands(dag: Any) -> list[dict]:
    """Return the records of the jobs, each with its command line and what it asks of a scheduler."""
    return [
        record
        | {
            "command": job.shellcmd or "",
            "resources": {key: value for key, value in job.resources.items() if key not in OWN},
        }
        for job, record in zip(dag.jobs, job_records(dag), strict=True)
    ]


if __name__ == "__main__":
    jobs = whole_graph(Path(sys.argv[1]), json.loads(sys.argv[2]), with_commands)
    print(json.dumps(jobs, default=str))
