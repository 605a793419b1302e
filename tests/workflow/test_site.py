"""What the environment says about a cluster reaches each kind of job."""

import os
import re
import subprocess
import sys

SITE = {
    "CAM_PARTITION": "batch",
    "CAM_GPU_PARTITION": "cards",
    "CAM_ACCOUNT": "project",
    "CAM_GPU_TYPE": "h100",
    "CAM_SCRATCH": "/fast",
}


def resources_by_rule(repository, *config, **site) -> dict[str, dict[str, str]]:
    """Return what the jobs of one network's predictions would request from SLURM."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-n", "--profile", "slurm"]
        + ["results/paper/predictions/ilsvrc-val/network/one-crop/GoogLeNet-GAP.h5"]
        + ["--config", "study=paper", "data_root=/nowhere", *config],
        cwd=repository,
        env={**os.environ, **SITE, **site},
        capture_output=True,
        text=True,
    )
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    jobs = re.findall(r"^rule (\w+):\n(?:    .*\n)*?    resources: (.*)$", printed, re.MULTILINE)
    assert {"index", "train", "predict", "pack"} <= {rule for rule, _ in jobs}
    assert "results/paper/scratch/packed/ilsvrc-train/index.json" in printed
    return {
        rule: dict(part.split("=", 1) for part in re.split(r", (?=\w+=)", text))
        for rule, text in jobs
    }


def test_jobs_with_a_gpu_go_where_the_gpus_are(repository):
    jobs = resources_by_rule(repository)
    for rule in ("train", "predict"):
        assert jobs[rule]["slurm_partition"] == "cards"
        assert (jobs[rule]["gpu"], jobs[rule]["gpu_model"]) == ("1", "h100")
    assert jobs["pack"]["slurm_partition"] == "batch"
    assert "gpu" not in jobs["pack"]
    assert {job["slurm_account"] for job in jobs.values()} == {"project"}
    assert "--signal=USR1" in jobs["train"]["slurm_extra"]
    assert (jobs["index"]["mem_mb"], jobs["index"]["runtime"]) == ("8000", "120")


def test_gpus_are_requested_by_gres_if_the_site_wants_it(repository):
    jobs = resources_by_rule(repository, "training={processes: 4}", CAM_GPU_REQUEST="gres")
    assert jobs["train"]["gres"] == "gpu:h100:4"
    assert jobs["predict"]["gres"] == "gpu:h100:1"
    assert "gpu" not in jobs["train"]


def test_a_job_on_several_nodes_has_one_task_on_each(repository):
    jobs = resources_by_rule(repository, "training={nodes: 2, processes: 4}")
    train = jobs["train"]
    assert (train["nodes"], train["tasks"], train["gres"]) == ("2", "2", "gpu:h100:4")
    assert "nodes" not in jobs["predict"]


def test_an_unknown_way_to_request_gpus_is_one_line(repository):
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-n", "table1"],
        cwd=repository,
        env={**os.environ, "CAM_GPU_REQUEST": "cards"},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "gpu_request 'cards' is neither gpus nor gres" in done.stderr
