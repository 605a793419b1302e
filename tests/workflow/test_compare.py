"""`snakemake compare` of two folders of results: no job of a study, no file in its results."""

import numpy as np
import pytest

from tests.planted_runs import plant_run

pytestmark = pytest.mark.workflow


def test_two_folders_of_results_are_compared_and_nothing_else_is_done(workflow_files):
    workflow = workflow_files("compare", {})
    rng = np.random.default_rng(0)
    names = ("first {run} $x", "second")
    for name, rate in zip(names, (0.2, 0.7), strict=True):
        values = {("net", "top-1"): rng.random(200) < rate}
        plant_run(workflow.folder / "runs" / name, {"table2": values})
    folders = {f"run_{key}": f"runs/{name}" for key, name in zip("ab", names, strict=True)}
    assert workflow.planned("compare", **folders) == {"compare": 1}
    done = workflow.run("compare", **folders)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 worse beyond the 95 % interval" in done.stdout
    (out,) = (workflow.folder / "results" / "compare").iterdir()
    files = {path.name for path in out.iterdir()}
    assert files == {"comparison.csv", "index.html", "compare.log"}
    assert [path.name for path in (workflow.folder / "results").iterdir()] == ["compare"]


def test_folders_that_cannot_be_compared_are_refused_before_any_job(workflow_files):
    workflow = workflow_files("refused", {})
    run = plant_run(workflow.folder / "run", {"table2": {("net", "top-1"): np.ones(9, bool)}})
    for folders, line in (
        ({}, "error: config.run_a, config.run_b: name the folders"),
        ({"run_a": str(run), "run_b": "nowhere"}, "error: nowhere: no such folder"),
        ({"run_a": str(run), "run_b": "run"}, "are the same folder"),
    ):
        done = workflow.run("compare", **folders)
        assert done.returncode == 1
        assert line in done.stderr
        assert "rule compare" not in done.stdout + done.stderr
