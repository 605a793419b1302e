"""What a run leaves, as the page tells it."""

import os
import re

from pipeline_lib.common.files import write_json
from pipeline_lib.reporting.page.graph import draw_steps
from pipeline_lib.reporting.page.provenance import read_provenance
from pipeline_lib.reporting.page.verdict import duration


def plant(folder, *jobs):
    """Write graph.json with jobs, each (rule, inputs, outputs)."""
    records = [
        {
            "rule": rule, "wildcards": {}, "inputs": list(inputs), "outputs": list(outputs),
            "log": [], "benchmark": None, "threads": 1, "due": True, "earlier": False,
        }
        for rule, inputs, outputs in jobs
    ]  # fmt: skip
    run = {"folder": os.path.abspath(folder), "configuration": {}, "jobs": records}
    write_json(folder / "graph.json", run)
    return read_provenance(folder, {})


def test_steps_come_after_those_that_they_need(tmp_path):
    made = plant(
        tmp_path, ("table", ["b"], ["c"]), ("train", ["x"], ["a"]), ("predict", ["a"], ["b"])
    )
    assert [step.rule for step in made.steps] == ["train", "predict", "table"]
    assert made.steps[2].needs == {"predict"}


def test_rules_that_need_one_another_in_a_circle_have_a_place(tmp_path):
    """Birds: predicted with an SVM, whose features are of predicted crops."""
    made = plant(
        tmp_path,
        ("predict", ["svm1"], ["crops"]),
        ("fit", ["features1"], ["svm1"]),
        ("features", ["crops"], ["features2"]),
        ("features", [], ["features1"]),
        ("fit", ["features2"], ["svm2"]),
    )
    assert sorted(step.rule for step in made.steps) == ["features", "fit", "predict"]
    assert draw_steps(made.steps).count("<rect") == 3


def test_the_graph_has_a_linked_box_a_step_and_no_box_lies_on_another(tmp_path):
    jobs = [(f"rule{n}", [f"f{n // 2}"], [f"f{n + 1}"]) for n in range(9)]
    steps = plant(tmp_path, *jobs).steps
    drawn = str(draw_steps(steps))
    assert set(re.findall(r'href="#step-(\w+)"', drawn)) == {step.rule for step in steps}
    places = re.findall(r'<rect x="(\d+)" y="(\d+)"', drawn)
    assert len(set(places)) == len(steps)
    assert drawn.count("<path") == sum(len(step.needs) for step in steps)


def test_a_folder_without_a_run_has_no_steps(tmp_path):
    assert read_provenance(tmp_path, {}).steps == []


def test_durations_are_in_words():
    assert [duration(s) for s in (45, 600, 7199, 12_240)] == ["45 s", "10 min", "120 min", "3.4 h"]
