"""The findings of a preflight, each from a probe written by hand."""

import pytest

from pipeline_lib.scheduling.findings import (
    Finding,
    disk_finding,
    folder_findings,
    gpu_finding,
    page,
    version_finding,
)

PROBE = {
    "host": "node7",
    "scheduler": "4711",
    "processors": 8,
    "gpus": [{"name": "NVIDIA H100", "bytes": 80e9}],
    "cuda": "12.8",
    "bfloat16": True,
    "folders": {"/data": True, "/home": False},
    "versions": {"python": "3.11.7", "torch": "2.14.1"},
}


@pytest.mark.parametrize(
    ("change", "required", "ok", "words"),
    [
        ({}, True, True, "NVIDIA H100 (80 GB), CUDA 12.8"),
        ({"bfloat16": False}, True, True, "no bfloat16"),
        ({"gpus": []}, True, False, "none on node7"),
        ({"gpus": []}, False, None, "needs none"),
    ],
)
def test_gpus(change, required, ok, words):
    finding = gpu_finding(PROBE | change, required)
    assert finding.ok is ok
    assert words in finding.observation


def test_without_a_cuda_build_the_advice_is_another():
    assert "gpu_partition" in gpu_finding(PROBE | {"gpus": []}, True).advice
    assert "CUDA build" in gpu_finding(PROBE | {"gpus": [], "cuda": ""}, True).advice


def test_a_folder_that_only_the_login_node_sees_is_reported():
    assert [finding.ok for finding in folder_findings(PROBE)] == [True, False]


def test_the_disk_is_that_of_the_folder_or_of_its_nearest_parent(tmp_path):
    assert disk_finding(tmp_path / "a" / "b", 0.0).ok
    assert not disk_finding(tmp_path, 1e9).ok
    assert disk_finding(tmp_path, None).ok is None


def test_versions_that_differ_are_named():
    assert version_finding({"torch": "1"}, {"torch": "1"}).ok
    finding = version_finding({"torch": "1", "timm": "2"}, {"torch": "1", "timm": ""})
    assert not finding.ok
    assert finding.observation == "timm 2 here, none in the job"


def test_the_page_counts_problems_and_gives_advice_for_them_alone():
    findings = [Finding("a", True, "fine", "do x"), Finding("b", False, "bad", "do y")]
    text = page("paper", PROBE, findings)
    assert "1 problem to solve first" in text
    assert "do y" in text
    assert "do x" not in text
    assert "SLURM job 4711 on node7" in text
    assert page("paper", PROBE, findings[:1]).startswith("# Preflight of study paper: ready")
