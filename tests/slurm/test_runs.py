"""Whole runs through sbatch: the tiny study, two nodes, errors of a step, a spoiled result."""

import hashlib
import re
import shutil
import time

import pytest
from safetensors.torch import load_file

from tests.slurm.conftest import NETWORK, WEIGHTS, Run, last_lines
from tests.training.alike import assert_alike

TABLES = [f"tables/table{number}.csv" for number in range(1, 6)]
BOXES = f"results/tiny/boxes/ilsvrc-val/network/one-crop/paper/{NETWORK}.csv"
SCORES = f"results/tiny/scores/network/one-crop/paper/{NETWORK}.csv"
PREDICTIONS = f"results/tiny/predictions/ilsvrc-val/network/one-crop/{NETWORK}.h5"


def test_all_of_the_tiny_study(checkout, cluster, capsys):
    run = checkout("all")
    started = time.monotonic()
    run.start("all", config=())
    assert run.ends(within=1500) == 0, last_lines(run, 60)
    results = run.folder / "results" / "tiny"
    for file in (*TABLES, "report/index.html"):
        assert (results / file).stat().st_size > 0
    figures = {path.stem for path in (results / "figures").glob("*.png")}
    assert figures >= {f"figure{number}" for number in range(3, 14)}
    # The controller forgets jobs after a while; Snakemake names each that it submits.
    submitted = run.output.count("has been submitted with SLURM jobid")
    assert submitted >= 60
    for rule in ("train", "predict", "features", "fit", "localize", "evaluate"):
        assert f"localrule {rule}:" not in run.output
    with capsys.disabled():
        print(f"\n{submitted} jobs in {time.monotonic() - started:.0f} s")


def test_two_nodes_train_what_one_process_trains(checkout, cluster):
    # Batch norm on CPUs sees a process's own samples alone, so this network has none.
    plain = "networks={AlexNet: {options: {batch_norm: false}}}"
    run = checkout("nodes")
    run.locally("results/tiny/scratch/packed/ilsvrc-train/index.json", config=(plain,))
    alone = Run(run.folder.parent / "alone")
    shutil.copytree(run.folder, alone.folder, symlinks=True)
    alone.locally(WEIGHTS, config=(plain,))
    run.start(WEIGHTS, config=(plain, "training={nodes: 2}"))
    assert run.ends() == 0, last_lines(run, 60)
    (nodes,) = {
        job["NumNodes"] for job in cluster.jobs().values() if job["WorkDir"] == str(run.folder)
    }
    assert nodes == "2"
    assert '"processes": 2' in (run.folder / WEIGHTS).with_suffix(".json").read_text()
    one, two = (load_file(where.folder / WEIGHTS) for where in (alone, run))
    assert_alike(two, one)


def test_an_error_that_no_attempt_can_mend_is_attempted_once_and_named_last(training, cluster):
    diverging = "training={recipe: {rate: 1.0e+9}}"
    training.start(WEIGHTS, config=(diverging,))
    assert training.ends() != 0
    assert training.jobs_of(cluster, "train") == 1
    assert "the loss is not finite" in training.log
    log = f"results/tiny/logs/train/{NETWORK}.log"
    assert re.search(
        rf"failed: train {NETWORK}: the loss is not .*; see .*{log}", last_lines(training)
    )


def test_a_truncated_result_is_refused_by_name_and_only_it_is_made_again(
    unbroken, cluster, tmp_path
):
    run = Run(tmp_path / "checkout")
    shutil.copytree(unbroken.folder, run.folder, symlinks=True)
    run.locally(BOXES)
    expected = hashlib.sha256((run.folder / BOXES).read_bytes()).hexdigest()
    trained = (run.folder / WEIGHTS).stat().st_mtime_ns
    spoiled = run.folder / PREDICTIONS
    data = spoiled.read_bytes()
    spoiled.write_bytes(data[: len(data) * 2 // 3])
    run.start(SCORES)
    assert run.ends() != 0
    assert re.search(rf"{PREDICTIONS}: .*delete it and rerun", run.output)
    assert run.jobs_of(cluster, "boxes_evaluate_localize") == 1
    spoiled.unlink()
    run.start(BOXES)
    assert run.ends() == 0, last_lines(run, 60)
    assert hashlib.sha256((run.folder / BOXES).read_bytes()).hexdigest() == expected
    assert (run.folder / WEIGHTS).stat().st_mtime_ns == trained


@pytest.mark.parametrize("request_by", ["gpus", "gres"])
def test_a_gpu_requested_either_way_is_given(request_by, checkout, cluster, monkeypatch):
    monkeypatch.setenv("CAM_GPU_REQUEST", request_by)
    run = checkout(request_by).start("probe_gpu", "--notemp", config=("gpu=true",))
    assert run.ends() == 0, last_lines(run, 60)
    (job,) = (job for job in cluster.jobs().values() if job["WorkDir"] == str(run.folder))
    assert job["NodeList"] == "g1"
    assert job.get("TresPerJob" if request_by == "gpus" else "TresPerNode") == "gres:gpu:1"
