"""What the jobs of the paper study ask of SLURM, beside what they are planned to take."""

import json
import subprocess
import sys

import pytest
import yaml

from pipeline_lib.scheduling.costs import read_rates, seconds
from pipeline_lib.scheduling.workload import Workload
from pipeline_lib.study.configuration.load import load_configuration
from pipeline_lib.study.study import build_study

GIVEN = {
    "study": "paper",
    "data_root": "nowhere",
    "discovery": {"sets": "all"},
    "transfer": {"sets": "all"},
    "concepts": {"clip": "ViT-B-32.openai"},
}
MARGIN = 2
RESUMED = {"train"}  # goes on from its checkpoint with a limit that does not grow


@pytest.mark.workflow
@pytest.mark.parametrize(
    "more",
    [pytest.param({}, marks=pytest.mark.slow), {"images": {"unreadable": "skip"}}],
    ids=["all images", "skip"],
)
def test_every_job_asks_for_twice_the_time_that_is_planned(repository, tmp_path, more):
    given = GIVEN | more
    planned = subprocess.run(
        [sys.executable, repository / "tests" / "workflow" / "planned_jobs.py"]
        + [repository / "Snakefile", json.dumps(given | {"results": str(tmp_path)})],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    assert planned.returncode == 0, planned.stderr
    jobs = json.loads(planned.stdout)
    study = build_study(load_configuration(given, repository / "workflow" / "studies"))
    workload = Workload(study, read_rates())
    profile = yaml.safe_load((repository / "slurm" / "config.yaml").read_text())
    requests = profile["set-resources"]
    assert {job["rule"] for job in jobs} >= set(requests)
    short = {}
    for job in jobs:
        # Boxes and their scores share a job, whose limit is the sum of both.
        requested = requests.get(job["rule"], {}).get("runtime")
        requested = profile["default-resources"]["runtime"] if requested is None else requested
        minutes = eval(str(requested), {"attempt": 1, "threads": job["threads"]})
        attempts = 1 + profile["retries"] if job["rule"] in RESUMED else 1
        needed = seconds(job, workload) / 60
        if MARGIN * needed > minutes * attempts:
            short[f"{job['rule']} {job['wildcards']}"] = f"{needed:.0f} of {minutes * attempts} min"
    assert not short
