"""What a plan says follows from the data file by arithmetic; every rule has a rate."""

import json
import subprocess
import sys

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.plan import plan
from pipeline_lib.scheduling.cost import Cost, closure, cost_of, rates
from pipeline_lib.scheduling.graph import whole_graph

RATES = {
    "gpu_flops": {"value": 1e12},
    "core_flops": {"value": 1e9},
    "networks": {"vgg16": 2e10, "other": 1e9},
    "steps": {
        "train": {"stage": "training", "unit": "epoch-image", "passes": 3, "written": 0, "start": 0,
                  "scratch": 10},
        "localize": {"stage": "boxes", "unit": "look", "seconds": 0.5, "written": 7, "start": 2},
        "predict": {"stage": "maps", "unit": "look", "passes": 1, "seconds": 0, "written": 5,
                    "start": 0},
    },
    "free": ["all"],
}  # fmt: skip
CONFIG = {
    "study": "tried",
    "gpu": True,
    "networks": {"VGG": {"architecture": "vgg16", "recipe": {"epochs": 4}}, "N": None},
    "training": {"recipe": {"epochs": 2}, "crop": 112, "processes": 1, "nodes": 1},
    "transfer": {},
}
IMAGES = {"ilsvrc-train": 1000, "ilsvrc-val": 100}


def job(named, /, threads=8, **wildcards):
    return {
        "rule": named,
        "wildcards": wildcards,
        "outputs": ["x"],
        "threads": threads,
        "needs": [],
    }


def test_training_is_epochs_times_images_times_three_passes_over_the_speed():
    # 4 epochs x 1,000 images x 3 passes x 2e10 operations, a quarter at half the side: 6e13
    cost = cost_of(job("train", network="VGG"), CONFIG, IMAGES, RATES)
    assert cost.gpu == pytest.approx(4 * 1000 * 3 * 2e10 / 4 / 1e12 / 3600)
    assert cost.cpu == pytest.approx(8 * cost.gpu)  # its eight cores are held as long
    assert cost.scratch == 4 * 1000 * 10


def test_without_a_gpu_the_cores_do_it():
    cost = cost_of(job("train", network="VGG"), CONFIG | {"gpu": False}, IMAGES, RATES)
    assert cost.gpu == 0
    assert cost.cpu == pytest.approx(4 * 1000 * 3 * 2e10 / 4 / 1e9 / 3600)


def test_ten_crops_are_ten_looks_and_slower_rules_take_longer():
    whole = job("localize", set="ilsvrc-val", views="whole", rule="paper", network="VGG")
    crops = job("localize", set="ilsvrc-val", views="ten-crop", rule="authors", network="VGG")
    assert cost_of(whole, CONFIG, IMAGES, RATES).cpu == pytest.approx((2 + 0.5 * 100) / 3600)
    assert cost_of(crops, CONFIG, IMAGES, RATES).cpu == pytest.approx((2 + 6 * 0.5 * 1000) / 3600)
    assert cost_of(crops, CONFIG, IMAGES, RATES).written == 7 * 1000


def test_a_network_nobody_counted_passes_for_another():
    cost = cost_of(
        job("predict", set="ilsvrc-val", views="whole", network="N"), CONFIG, IMAGES, RATES
    )
    assert cost.gpu == pytest.approx(100 * 1e9 / 1e12 / 3600)


def test_a_rule_without_a_rate_is_named():
    with pytest.raises(InputError, match="no rate for rule dream; measure it and add one"):
        cost_of(job("dream"), CONFIG, IMAGES, RATES)


def test_a_target_costs_what_it_needs_each_job_once():
    records = [{"needs": []}, {"needs": [0]}, {"needs": [0]}, {"needs": [1, 2]}, {"needs": []}]
    assert closure(records, [3]) == records[:4]
    assert closure(records, [1, 2]) == records[:3]
    assert Cost(1, 1, 2, 3, 4) + Cost(1, 1, 2, 3, 4) == Cost(2, 2, 4, 6, 8)


@pytest.fixture(scope="module")
def paper(repository):
    """The paper study as the plan's rule sees it, without any data: flags of its job."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "plan", "-n", "--printshellcmds"]
        + ["--config", "study=paper", "data_root=/nowhere"],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (line,) = (
        row for row in (done.stdout + done.stderr).splitlines() if "pipeline_lib.plan" in row
    )
    import shlex

    words = shlex.split(line)
    flags = {key: words[words.index(f"--{key}") + 1] for key in ("config", "images", "artefacts")}
    return {key: json.loads(text) for key, text in flags.items()}


@pytest.fixture(scope="module")
def records(paper, repository, tmp_path_factory):
    return whole_graph(repository / "Snakefile", paper["config"])


def test_every_rule_of_the_paper_study_has_a_rate(records):
    known = rates()
    rules = {record["rule"] for record in records if record["outputs"]}
    lacking = rules - set(known["steps"]) - set(known["free"])
    assert not lacking, f"measure these and add them to rates.yaml: {lacking}"
    sources = {step["source"] for step in known["steps"].values()}
    assert sources <= set(known["sources"])


def test_the_plan_of_the_paper_study_adds_up(records, paper):
    config, images = paper["config"], paper["images"]
    assert images["ilsvrc-train"] == 1_281_167
    text = plan(records, config, images, paper["artefacts"])
    costs = [cost_of(record, config, images) for record in records]
    total = sum(costs, Cost())
    row = next(line for line in text.splitlines() if "in all" in line)
    assert [cell.strip() for cell in row.split("|")[2:4]] == [str(total.jobs), f"{total.gpu:,.1f}"]
    # By hand: GoogLeNet-GAP's eight epochs, at three passes an image.
    known = rates()
    gap = next(
        cost
        for cost, record in zip(costs, records, strict=True)
        if record["rule"] == "train" and record["wildcards"]["network"] == "GoogLeNet-GAP"
    )
    operations = 8 * 1_281_167 * 3 * known["networks"]["googlenet_gap"]
    assert gap.gpu == pytest.approx(operations / known["gpu_flops"]["value"] / 3600)
    for target in ("table1", "table4", "figure7"):
        assert f"| {target} " in text
