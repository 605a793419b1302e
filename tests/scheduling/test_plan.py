"""The plan's arithmetic by hand, its counts against the code they stand for, and it as users see it."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.transfer import birds, lists
from pipeline_lib.data.transfer.sets import transfer_sets
from pipeline_lib.networks.registry import ARCHITECTURES, build
from pipeline_lib.scheduling.costs import Cost, cost, read_rates, total
from pipeline_lib.scheduling.graph import closure
from pipeline_lib.scheduling.quantities import EPOCHS, Study
from pipeline_lib.steps.cluster.plan import plan
from pipeline_lib.study.configuration.training import TrainingConfig
from pipeline_lib.study.configuration.transfer import SvmConfig
from pipeline_lib.svm import fitting
from pipeline_lib.svm.trials import Subset, Trial

CONFIG = {
    "study": "tiny",
    "gpu": True,
    "networks": {"A": {"architecture": "a", "recipe": {"epochs": 3}}, "B": {"pretrained": "a"}},
    "training": {"recipe": {"epochs": 5}, "processes": 1, "nodes": 1},
    "prediction": {"backprop_crops": 10},
    "transfer": {"costs": [1e-7, 1e-6], "folds": 2},
    "world": {"train_images": 100, "val_images": 10, "test_images": 0},
}
RATES = {
    "sources": {"clock": "measured", "hand": "estimate"},
    "speed": {
        "gpu": {"rate": 1000, "what": "a GPU", "source": "made up"},
        "cpu": {"rate": 10, "what": "a CPU", "source": "made up"},
    },
    "networks": [
        {"network": "a", "side": 14, "gflop": 2.0, "parameters": 500, "map": 7, "features": 16}
    ],
    "sets": {"twins": {"megapixels": 0.5, "cub": {"images": 8}}, "always": {}},
    "rules": {
        "train": {
            "set": ["ilsvrc-train"],
            "cpu": {"job": 4, "sample": 0.01},
            "passes": 3,
            "disk": {"parameter": 4},
            "scratch": {"parameter": 24},
            "source": "clock",
        },
        "predict": {
            "by": "views",
            "source": "hand",
            "ten-crop": {"cpu": {"crop": 1}, "passes": 1, "disk": {"cell": 24}},
        },
        "table": {"cpu": {"job": 36}, "disk": {"job": 1000}, "source": "clock"},
    },
}
FORM = {"inputs": [], "log": [], "benchmark": None}
TEN = {"network": "A", "views": "ten-crop", "set": "ilsvrc-val"}
GRAPH = [
    FORM | {"rule": rule, "wildcards": wildcards, "outputs": outputs, "threads": n, "needs": on}
    for rule, wildcards, outputs, n, on in (
        ("all", {}, [], 1, [1, 2, 3, 4]),
        ("train", {"network": "A"}, ["a"], 2, []),
        ("table", {"table": "table1"}, ["t1"], 1, [1]),
        ("predict", TEN, ["p"], 8, [1]),
        ("table", {"table": "table2"}, ["t2"], 1, [1, 3]),
    )
]
# 100 images x 3 epochs x 3 passes x 2 GFLOP = 1,800; decoding: 4 s + 300 x 0.01 s = 7 s, two cores.
TRAIN = {"gpu": Cost(1, 3.5, 7.0, 2000, 12000), "cpu": Cost(1, 0, 7 + 180, 2000, 12000)}
# 10 images x 10 crops x 2 GFLOP = 200; decoding: 100 s, eight cores; 100 x 7 x 7 cells of 24 bytes.
PREDICT = {"gpu": Cost(1, 12.5, 100, 117600, 0), "cpu": Cost(1, 0, 100 + 20, 117600, 0)}


@pytest.mark.parametrize("device", ["gpu", "cpu"])
def test_costs_are_rates_times_quantities(device):
    study = Study(CONFIG | {"gpu": device == "gpu"}, RATES)
    found = [cost(job, study) for job in GRAPH]
    table = Cost(1, 0, 36, 1000, 0)
    assert found == [Cost(), TRAIN[device], table, PREDICT[device], table]
    together = total(found)
    assert (together.jobs, together.written) == (4, 2000 + 117600 + 2 * 1000)


def test_a_gpu_that_decoding_does_not_hold_up_is_the_slower():
    rates = RATES | {"speed": {"gpu": {"rate": 100}}}
    assert cost(GRAPH[1], Study(CONFIG, rates)) == Cost(1, 18, 36, 2000, 12000)
    two = CONFIG | {"training": CONFIG["training"] | {"processes": 2}}
    assert cost(GRAPH[1], Study(two, rates)) == Cost(1, 18, 18, 2000, 12000)  # for half as long


def test_a_target_costs_what_it_depends_on_each_job_once():
    text = plan(GRAPH, Study(CONFIG, RATES), {"table1": ["t1"], "table2": ["t2"], "none": []})
    cells = {row[0]: row[1:] for row in rows(text)}
    assert [job["rule"] for job in closure(GRAPH, ["t2"])] == ["train", "predict", "table"]
    assert closure(GRAPH, ["t1", "t2"]) == GRAPH[1:]
    assert cells["table1"][:2] == ["2", "< 0.01"]
    assert cells["table2"][0] == "3"
    assert cells["everything"][:3] == ["4", "< 0.01", "0.05"]  # 179 core-seconds
    assert cells["train"][-1] == "clock"
    assert "none" not in cells


def rows(text):
    """The cells of all lines of all tables; the stages' come first, "everything" twice."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line] for line in lines]


def test_every_rule_has_a_rate_and_every_rate_its_rule(repository):
    paths = [repository / "Snakefile", *(repository / "workflow/rules").glob("*.smk")]
    blocks = [
        block
        for path in paths
        for block in re.split(r"(?m)^ *(?=rule \w*:)", path.read_text())
        if re.search(r"(?m)^ *output:", block)
    ]
    known = read_rates()
    made = {re.match(r"rule (\w+):", block)[1] for block in blocks} - {"probe"}  # of preflight
    lacking = sorted(made - set(known["rules"]))
    assert not lacking, f"say in pipeline_lib/scheduling/rates.yaml what a job takes: {lacking}"
    assert set(known["rules"]) == made
    configuration = (repository / "workflow/configuration.smk").read_text()
    lines = {}
    for rule, line in known["rules"].items():
        if "by" in line:
            values = re.search(rf'    {line["by"]}="(.*)"', configuration)[1]
            lines |= {f"{rule} {value}": line.get(value) for value in values.split("|")}
        else:
            lines[rule] = line
    assert all(lines.values()), lines
    assert {one["source"] for one in known["rules"].values()} == set(known["sources"])
    with pytest.raises(InputError, match="nothing of rule figure9; add a line"):
        cost(GRAPH[1] | {"rule": "figure9"}, Study(CONFIG, known))


def test_networks_are_counted_as_pytorch_counts_them():
    known = {(one["network"], one.get("width", 1)): one for one in read_rates()["networks"]}
    assert {name for name, _ in known} >= set(ARCHITECTURES)
    for (name, width), line in known.items():
        if name in ARCHITECTURES:
            small = {"half_input": True, "width": width} if width != 1 else {}
            if small and name not in ("googlenet", "googlenet_gap", "googlenet_gmp"):
                small["batch_norm"] = True
            with torch.device("meta"):
                network = build(name, 10 if small else 1000, small).eval()
            with torch.no_grad(), FlopCounterMode(display=False) as counter:
                network(torch.empty(1, 3, line["side"], line["side"], device="meta"))
            assert counter.get_total_flops() / 1e9 == pytest.approx(line["gflop"], rel=1e-3), name
            assert sum(one.numel() for one in network.parameters()) == line["parameters"], name
    assert TrainingConfig().epochs == EPOCHS


def test_solves_are_counted_as_the_protocol_makes_them(monkeypatch):
    made = []

    class Counted(fitting.LiblinearSolver):
        def solve(self, targets, cost, **given):
            made.append((targets != 0).sum())
            return super().solve(targets, cost, **given)

    monkeypatch.setitem(fitting.SOLVERS, "liblinear", Counted)
    rng = np.random.default_rng(0)
    targets = np.where(np.arange(12)[:, None] % 3 == np.arange(3), 1, -1).astype(np.int8)
    subset = Subset(np.arange(12), targets)
    features, trial = rng.random((12, 16), np.float32), Trial("1", list("abc"), subset, subset)
    settings = SvmConfig(solver="liblinear", **CONFIG["transfer"])
    fitting.fit_trial(features, trial, settings, metric="accuracy", seed=0)
    twins = {"megapixels": 1, "cub": {"images": 12, "classes": 3, "examples": 12}}
    study = Study(CONFIG, RATES | {"sets": {"twins": twins, "always": {}}})
    wildcards = {"set": "cub", "network": "A", "crop": "whole"}
    found = study.quantities({"rule": "fit", "wildcards": wildcards}, [])
    assert found["solve"] == len(made)
    assert found["term"] / 16 >= sum(made) > found["term"] / 16 / 2  # folds train on a part


def test_the_sets_are_those_of_their_readers():
    real = read_rates()["sets"]["real"]
    official = {"sun397": lists.SUN397, "indoor67": lists.INDOOR67, "action40": lists.ACTION40}
    official["cub"] = birds.OFFICIAL
    study = Study({"study": "paper"}, read_rates())
    for name, one in official.items():
        assert (study.images(name), *real[name].values()) == (one.images, one.classes, one.train)
    for one in transfer_sets().values():
        if one.random_splits and one.metric == "accuracy":
            assert real[one.layout]["examples"] == one.train * real[one.layout]["classes"]
    sizes = [study.images(f"ilsvrc-{split}") for split in ("train", "val", "test")]
    assert sizes == [1_281_167, 50_000, 100_000]


def test_images_that_are_there_are_counted(tmp_path):
    (tmp_path / "ilsvrc-val").mkdir()
    (tmp_path / "ilsvrc-val" / "images.csv").write_text("image_id\na\nb\nc\n")
    study = Study({"study": "paper"}, read_rates(), tmp_path)
    assert (study.images("ilsvrc-val"), study.images("scene15")) == (3, 4485)
    assert study.images("scene15-picked") == 6


def test_the_mini_studys_sets_are_as_drawn(repository):
    manifests = repository / "results" / "mini" / "data"
    if not (manifests / "cub").exists():
        pytest.skip("no results of the mini study: run make demo")
    config = CONFIG | {"world": {}}
    for name in read_rates()["sets"]["twins"]:
        if name != "megapixels":
            drawn = Study(config, read_rates(), manifests).images(name)
            assert Study(config, read_rates()).images(name) == drawn, name


@pytest.mark.workflow
def test_the_paper_is_planned_without_data(repository, tmp_path):
    shutil.copy(repository / "config.yaml", tmp_path)

    def snakemake(*arguments):
        given = ("--config", "study=paper", "data_root=nowhere", "results=out")
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "-c1", "-s", repository / "Snakefile"]
            + [*arguments, *given],
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
    stages = {
        row[0]: int(row[1]) for row in cells[1 : [row[0] for row in cells].index("everything")]
    }
    dry = snakemake("-n", "--quiet", "reason", "all").stdout
    jobs = {name: int(n) for name, n in re.findall(r"(?m)^(\w+) +(\d+)$", dry)}
    assert stages == {name: n for name, n in jobs.items() if name not in ("all", "total")}
    targets = {row[0]: row for row in cells}
    assert {f"table{n}" for n in range(1, 6)} | {f"figure{n}" for n in range(3, 9)} <= set(targets)
    assert 0 < float(targets["table4"][2]) < float(targets["table1"][2])
