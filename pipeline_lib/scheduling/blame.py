"""Why a file of a study is not there."""

from pipeline_lib.scheduling.state import FAILED, Run


def why_missing(run: Run | None, path: str) -> str:
    """Return the failure of a job that a missing file depends on, in words.

    ``run`` is the study's last run, None if there was none.
    """
    if run is None:
        return "not computed yet"
    for job in run.jobs_by_target({"": [path]})[""]:
        if job.state == FAILED:
            log = run.log(job)
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log else []
            errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
            return f"{job.name} failed: {errors[-1] if errors else 'it was killed'}"
    return "not computed yet"
