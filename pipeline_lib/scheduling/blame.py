"""Why a file of a study is missing, or must not be used."""

from pathlib import Path

from pipeline_lib.scheduling.state import DONE, FAILED, Run


def why_not(run: Run | None, path: str) -> str:
    """Return why a file of a study is not there or outdated, "" for one that is as it should be.

    ``run`` is the study's last run, None if there was none. A file of an earlier run that the last one
    was to make anew counts as outdated until its job is done.
    """
    needed = run.jobs_by_target({"": [path]})[""] if run else []
    if Path(path).exists() and all(job.state == DONE for job in needed):
        return ""
    for job in needed:
        if job.state == FAILED:
            return f"{job.name} failed: {run.reason(job)}"
    return "not computed yet"
