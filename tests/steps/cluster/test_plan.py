"""The plan of an example, computed by hand, and the paper's plan against Snakemake's own count."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from pipeline_lib.steps.cluster.plan import plan
from tests.scheduling.example import GRAPH, RATES, workload


def rows(text):
    """The cells of all lines of all tables; the stages' come first, "everything" twice."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line] for line in lines]


def test_a_target_costs_what_it_depends_on_each_job_once():
    text = plan(GRAPH, workload(), {"table1": ["t1"], "table2": ["t2"], "none": []}, {})
    cells = {row[0]: row[1:] for row in rows(text)}
    assert cells["table1"][:2] == ["2", "< 0.01"]
    assert cells["table2"][0] == "3"
    assert cells["everything"][:3] == ["4", "< 0.01", "0.06"]  # 215 core-seconds
    assert cells["train"][-1] == "clock"
    assert cells["table"][-1] == "clock, hand"
    assert "none" not in cells
    assert text.endswith("- clock: measured\n- hand: estimate\n")


def test_a_range_is_from_the_worst_to_the_best_speed():
    heavy = [job | {"threads": 640} for job in GRAPH]
    rates = RATES | {
        "rules": {**RATES["rules"], "train": {**RATES["rules"]["train"], "passes": 30000}}
    }
    cells = {
        row[0]: row[1:]
        for row in rows(plan(heavy, workload(rates, gpu_type="h100"), {"table1": ["t1"]}, {}))
    }
    # 18,000,000 GFLOP at 1,000 to 2,000 a second.
    assert cells["train"][1] == "2.50-5.00"
    assert cells["table"][2] == "0.03"


def test_what_is_not_planned_is_said():
    text = plan(GRAPH, workload(), {"table1": ["t1"]}, {"Figure 9": "needs DIR/SUN2012"})
    assert text.endswith("plans all):\n\n- Figure 9: needs DIR/SUN2012\n")


@pytest.mark.workflow
def test_the_paper_is_planned_without_data(repository, tmp_path):
    shutil.copy(repository / "config.yaml", tmp_path)

    every = "discovery={sets: all}"

    def snakemake(*arguments):
        config = ("--config", "study=paper", "data_root=nowhere", "results=out", every)
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "-c1", "-s", repository / "Snakefile"]
            + [*arguments, *config],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(repository)},
            capture_output=True,
            text=True,
        )

    done = snakemake("plan")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out/paper/plan.md").read_text()
    assert done.stdout.strip() == text.strip()
    cells = rows(text)
    end = [row[0] for row in cells].index("everything")
    stages = {row[0]: int(row[1]) for row in cells[1:end]}
    dry = snakemake("-n", "--quiet", "reason", "all").stdout
    jobs = {name: int(n) for name, n in re.findall(r"(?m)^(\w+) +(\d+)$", dry)}
    assert stages == {name: n for name, n in jobs.items() if name not in ("all", "total")}
    targets = {row[0]: row for row in cells}
    names = [f"table{n}" for n in range(1, 6)] + [f"figure{n}" for n in range(3, 14)]
    assert {*names, "measures", "thresholds", "report"} <= set(targets)
    hours = {
        name: [float(end.replace(",", "")) for end in targets[name][2].split("-")]
        for name in ("table1", "table4")
    }
    assert 0 < hours["table4"][0] < hours["table1"][0] < hours["table1"][1]
