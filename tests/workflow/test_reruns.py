"""What a change of the configuration, of folders or of the data reruns, and what it must not."""

import os
import re
import shutil
import subprocess
import sys
import time

import pandas as pd
import pytest

from pipeline_lib.scheduling.graph_file import GRAPH_FILE, read_graph
from pipeline_lib.scheduling.reruns import compared_jobs, reruns, table

pytestmark = pytest.mark.workflow

SPEED = {
    "training": {
        **{"workers": 1, "threads": 2, "processes": 2, "nodes": 2},
        **{"save_every": 7, "give_up_after": 7},
    },
    "prediction": {"batch": 3, "workers": 1, "threads": 2},
    "gpu": True,
    "container": "other.sif",
}


def laid_over(under, over):
    both = {
        key: laid_over(under[key], over[key]) for key in over if isinstance(under.get(key), dict)
    }
    return {**under, **over, **both}


@pytest.mark.slow
def test_the_documented_rules_are_those_of_the_graph(repository):
    """`make docs` renews the table. It is of Snakemake's own inputs and params, for every key."""
    text = (repository / "docs/configuration.md").read_text()
    assert text.endswith(table(reruns(repository / "Snakefile")))
    nothing = set(re.findall(r"(?m)^\| `([\w.]+)` \| nothing \|$", text))
    speed = {f"{section}.{key}" for section in ("training", "prediction") for key in SPEED[section]}
    others = {"study", "results", "data_root", "container", "gpu", "run_a", "run_b"}
    assert nothing == speed | others | {"networks.NAME.head"}  # it makes another network


def test_settings_of_speed_rerun_nothing_of_a_finished_study(tiny_study, tiny_config):
    changed = laid_over(tiny_config, SPEED)
    assert tiny_study.planned(**{key: changed[key] for key in SPEED}) == {}


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("boxes.interpolation", {"boxes": {"interpolation": "nearest"}}),
        ("scenes.grid", {"scenes": {"grid": 28}}),
        ("transfer.folds", {"transfer": {"folds": 4}}),
        ("transfer.precision", {"transfer": {"precision": "bfloat16"}}),
        ("training.recipe.momentum", {"training": {"recipe": {"momentum": 0.8}}}),
        ("units.top", {"units": {"top": 4}}),
    ],
)
def test_snakemake_reruns_the_documented_rules(repository, tiny_study, tiny_config, key, change):
    changed = laid_over(tiny_config, change)
    planned = tiny_study.planned(**{section: changed[section] for section in change})
    text = (repository / "docs/configuration.md").read_text().partition("## What a change")[2]
    (row,) = re.findall(rf"(?m)^\| `{re.escape(key)}` \| (.*) \|$", text)
    jobs = read_graph(tiny_study.folder / "results/mini" / GRAPH_FILE)["jobs"]
    documented = set(re.findall(r"`(\w+)`", row)) & {job["rule"] for job in jobs}
    assert documented
    assert documented <= set(planned) <= documented | rules_after(documented, jobs) | {"all"}


def rules_after(rules, jobs):
    """Return the rules of jobs that depend on those of ``rules``, near and far."""
    made = {path for job in jobs if job["rule"] in rules for path in job["outputs"]}
    after, before = set(), -1
    while len(made) > before:
        before = len(made)
        for job in jobs:
            if made & set(job["inputs"]):
                after.add(job["rule"])
                made |= set(job["outputs"])
    return after


@pytest.fixture
def data_root(tiny_study, tmp_path):
    """The tiny study's world as official data, with blanks in its name."""
    root = tmp_path / "Daten, größere"
    world = tiny_study.folder / "results/mini/world"
    shutil.copytree(world / "ilsvrc", root / "ilsvrc")
    shutil.copytree(world / "transfer/CUB_200_2011", root / "CUB_200_2011")
    (root / "weights").mkdir()
    (root / "weights" / "squeezenet1_0.pth").write_bytes(os.urandom(100_000))
    return root


def compared(repository, data_root):
    """What Snakemake compares of each job, by its outputs."""
    networks = {"tf_efficientnet_lite0": None, "squeezenet1_0": {"backprop": True}}
    config = {"study": "small", "ilsvrc": {"val_images": 24}, "networks": networks}
    return compared_jobs(repository / "Snakefile", config | {"data_root": str(data_root)})


def test_moved_linked_and_copied_data_rerun_nothing_and_new_images_do(
    repository, data_root, tmp_path
):
    before = compared(repository, data_root)
    shutil.copytree(data_root, tmp_path / "copy")  # with times of its own
    (tmp_path / "link").symlink_to(data_root)
    for place in ("copy", "link"):
        assert compared(repository, tmp_path / place) == before, place
    image = next((data_root / "ilsvrc/val").iterdir())
    image.rename(tmp_path / image.name)
    changed = compared(repository, data_root)
    assert {outputs for outputs in before if before[outputs] != changed[outputs]} == {
        outputs for outputs in before if outputs and "data/ilsvrc-val/images.csv" in outputs[1]
    }
    (data_root / "weights" / "squeezenet1_0.pth").write_bytes(os.urandom(100_000))
    again = compared(repository, data_root)
    (adopted,) = (outputs for outputs in changed if changed[outputs] != again[outputs])
    assert "networks/squeezenet1_0.safetensors" in adopted[1]


def test_jobs_see_the_configuration_that_the_run_began_with(workflow_files, tiny_config):
    workflow = workflow_files("edited", tiny_config)
    scores = workflow.folder / "results/mini/scores/centred-box.csv"
    run = subprocess.Popen(
        [
            *(sys.executable, "-m", "snakemake", "--cores", "1"),
            *("results/mini/scores/centred-box.csv", "--config", *workflow.flags),
        ],
        cwd=workflow.folder,
    )
    while run.poll() is None and not (workflow.folder / "results/mini/world").exists():
        time.sleep(0.1)
    with open(workflow.folder / "config.yaml", "a") as file:
        file.write("\nboxes: {centred_fraction: 0.5}\nstudy: small\n")
    assert run.wait() == 0
    assert pd.read_csv(scores, comment="#")["centred_fraction"].tolist() == [0.8]


def test_a_data_root_that_would_not_be_read_is_refused(tiny_study):
    done = tiny_study.run("-n", data_root="/somewhere")
    assert done.returncode != 0
    assert (
        "error: config.data_root: study mini draws its own data sets" in done.stdout + done.stderr
    )
    assert tiny_study.run("-n", "check_data", data_root="/somewhere").returncode == 0


@pytest.mark.parametrize(
    ("given", "study"),
    [
        (["data_root=nowhere"], "paper"),
        (["study=tiny"], "tiny"),
        (["data_root=nowhere", "study=small"], "small"),
    ],
)
def test_the_profile_means_the_paper_study_unless_another_is_named(
    workflow_files, repository, given, study
):
    workflow = workflow_files("profile", {})
    shutil.copytree(repository / "slurm", workflow.folder / "slurm")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "snakemake",
            "--profile",
            "slurm",
            "-n",
            "table2",
            "--config",
            *given,
        ],
        cwd=workflow.folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"results/{study}/tables/table2.csv" in done.stdout + done.stderr
