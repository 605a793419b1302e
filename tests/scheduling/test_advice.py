"""The findings of a preflight, each against what it was told."""

import pytest

from pipeline_lib.scheduling.advice import Finding, disk, gpus, page, same_versions, seen_folders

PROBE = {
    "host": "node7",
    "scheduler": "4711",
    "processors": 8,
    "gpus": [{"name": "NVIDIA H100", "bytes": 80e9}],
    "cuda": "12.8",
    "bfloat16": True,
    "folders": {"/data": {"there": True, "free": 1, "writable": False}, "/home": {"there": False}},
    "versions": {"python": "3.11.7", "torch": "2.14.1"},
}


@pytest.mark.parametrize(
    ("change", "wanted", "fine", "words"),
    [
        ({}, True, True, "NVIDIA H100 (80 GB), CUDA 12.8"),
        ({"bfloat16": False}, True, True, "no bfloat16"),
        ({"gpus": []}, True, False, "none on node7"),
        ({"gpus": []}, False, None, "asks for none"),
    ],
)
def test_gpus(change, wanted, fine, words):
    found = gpus(PROBE | change, wanted)
    assert found.fine is fine
    assert words in found.seen


def test_without_a_cuda_build_the_advice_is_another():
    assert "gpu_partition" in gpus(PROBE | {"gpus": []}, True).advice
    assert "CUDA build" in gpus(PROBE | {"gpus": [], "cuda": ""}, True).advice


def test_a_folder_that_only_the_login_node_sees_is_found():
    assert [one.fine for one in seen_folders(PROBE)] == [True, False]


def test_the_disk_is_that_of_the_folder_or_of_the_nearest_above_it(tmp_path):
    assert disk(tmp_path / "a" / "b", 0.0).fine
    assert not disk(tmp_path, 1e9).fine
    assert disk(tmp_path, None).fine is None


def test_versions_that_differ_are_named():
    assert same_versions({"torch": "1"}, {"torch": "1"}).fine
    found = same_versions({"torch": "1", "timm": "2"}, {"torch": "1", "timm": ""})
    assert not found.fine
    assert found.seen == "timm 2 here, none in the job"


def test_the_page_counts_problems_and_gives_advice_for_them_alone():
    findings = [Finding("a", True, "fine", "do x"), Finding("b", False, "bad", "do y")]
    text = page("paper", PROBE, findings)
    assert "1 to be settled first" in text
    assert "do y" in text
    assert "do x" not in text
    assert "SLURM job 4711 on node7" in text
    assert page("paper", PROBE, findings[:1]).startswith("# Preflight of study paper: ready")
