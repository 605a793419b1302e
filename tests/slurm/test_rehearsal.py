"""The rehearsal of the paper study through sbatch, with the profile as it is: an hour on two cores.

It is left out unless CAM_REHEARSE is set: `make rehearse-slurm`.
"""

import json
import os
import time

import pytest

from pipeline_lib.reporting.catalogue import FIGURES, TABLES
from pipeline_lib.steps.data import rehearse_data
from tests.slurm.test_runs import last_lines

pytestmark = pytest.mark.skipif(
    not os.environ.get("CAM_REHEARSE"), reason="takes an hour; set CAM_REHEARSE"
)


def test_all_of_the_rehearsal(checkout, cluster, capsys):
    run = checkout("rehearsal")
    results = run.folder / "results" / "rehearsal"
    assert rehearse_data.main(["--out", str(results / "data_root")]) == 0
    started = time.monotonic()
    # The nodes pretend to have more cores and memory than this machine: three at once are enough.
    run.start("all", "--jobs", "3", config=(), study="rehearsal")
    assert run.ends(within=5400) == 0, last_lines(run, 60)
    assert (results / "report/index.html").stat().st_size > 0
    assert {path.stem for path in (results / "tables").glob("*.csv")} == set(TABLES)
    drawn = set(FIGURES) - {"figure10-clip"}  # the paper study names no CLIP
    assert {path.stem for path in (results / "figures").glob("*.png")} == drawn
    for path in (results / "figures").glob("*.json"):
        shown = json.loads(path.read_text())
        assert shown.get("images", "none to show") != [], path
    submitted = run.output.count("has been submitted with SLURM jobid")
    assert submitted >= 150
    states = {
        number: fields["JobState"]
        for number, fields in cluster.jobs().items()
        if fields.get("WorkDir") == str(run.folder)
    }
    assert set(states.values()) == {"COMPLETED"}
    with capsys.disabled():
        print(f"\n{submitted} jobs in {time.monotonic() - started:.0f} s")
