"""A part of the rehearsal: full-size networks trained, adopted, read from a .caffemodel; three chapters.

`make rehearse` runs the whole of it, in half an hour.
"""

import json

import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.steps.data import rehearse_data

pytestmark = pytest.mark.workflow

RESULTS = "results/rehearsal"
EVENTS = f"{RESULTS}/svm/event8/whole/AlexNet.csv"


@pytest.fixture(scope="module")
def rehearsal(workflow_files):
    workflow = workflow_files("rehearsal", {"study": "rehearsal"})
    data_root = workflow.folder / RESULTS / "data_root"
    assert rehearse_data.main(["--out", str(data_root)]) == 0
    return workflow


def test_without_its_data_the_rehearsal_says_what_is_missing(workflow_files):
    done = workflow_files("bare", {"study": "rehearsal"}).run("table1")
    assert done.returncode != 0
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_all_of_it_is_planned(rehearsal):
    jobs = rehearsal.planned("all")
    assert sum(jobs.values()) > 200
    assert (jobs["train"], jobs["adopt"], jobs["find_units"]) == (6, 4, 2)


@pytest.mark.slow
def test_full_size_networks_run_through_three_chapters(rehearsal):
    done = rehearsal.run("figure13", "figure9", "measures", EVENTS)
    assert done.returncode == 0, done.stdout + done.stderr
    results = rehearsal.folder / RESULTS
    for name in ("figure9", "figure13", "figure13-places205"):
        with Image.open(results / f"figures/{name}.png") as picture:
            assert picture.width > 500
    card = json.loads((results / "networks/GoogLeNet-GAP.json").read_text())
    assert card["training"]["steps"] == 16
    assert card["training"]["start"] == "googlenet"
    assert len(card["classes"]) == 1000
    places = json.loads((results / "networks/AlexNetplus-GAP-Places205.json").read_text())
    assert places["source"] == "caffe"
    assert len(places["classes"]) == 205
    assert pd.read_csv(rehearsal.folder / EVENTS, comment="#")["value"].between(0, 100).all()
    warning = "its numbers say nothing"
    for suffix in ("md", "html"):
        assert warning in (results / f"tables/measures.{suffix}").read_text()
