"""The findings of a preflight, each from a probe written by hand."""

import pytest

from pipeline_lib.scheduling.findings import (
    Finding,
    data_findings,
    disk_finding,
    folder_findings,
    gpu_finding,
    import_findings,
    page,
    version_finding,
    weights_findings,
)

PROBE = {
    "host": "node7",
    "scheduler": "4711",
    "processors": 8,
    "interpreter": "/env/bin/python",
    "imports": {},
    "gpus": [{"name": "NVIDIA H100", "bytes": 80e9}],
    "cuda": "12.8",
    "bfloat16": True,
    "folders": {"/data": True, "/home": False},
    "versions": {"python": "3.11.7", "torch": "2.14.1"},
}


@pytest.mark.parametrize(
    ("change", "required", "ok", "words"),
    [
        ({}, 1, True, "NVIDIA H100 (80 GB), CUDA 12.8"),
        ({}, 2, False, "1 of 2 on node7: NVIDIA H100"),
        ({"bfloat16": False}, 1, True, "no bfloat16"),
        ({"gpus": []}, 1, False, "none on node7"),
        ({"gpus": []}, 0, None, "needs none"),
    ],
)
def test_gpus(change, required, ok, words):
    finding = gpu_finding(PROBE | change, required)
    assert finding.ok is ok
    assert words in finding.observation


def test_without_a_cuda_build_the_advice_is_another():
    assert "gpu_partition" in gpu_finding(PROBE | {"gpus": []}, 1).advice
    assert "CUDA build" in gpu_finding(PROBE | {"gpus": [], "cuda": ""}, 1).advice


def test_a_folder_that_only_the_login_node_sees_is_reported():
    assert [finding.ok for finding in folder_findings(PROBE)] == [True, False]


def test_the_disk_is_that_of_the_folder_or_of_its_nearest_parent(tmp_path):
    assert disk_finding(tmp_path / "a" / "b", 0.0, "plan").ok
    assert not disk_finding(tmp_path, 1e9, "plan").ok
    unplanned = disk_finding(tmp_path, None, "snakemake plan --cores 1")
    assert unplanned.ok is None
    assert "`snakemake plan --cores 1` says" in unplanned.observation


def test_versions_that_differ_are_named():
    assert version_finding({"torch": "1"}, {"torch": "1"}).ok
    finding = version_finding({"torch": "1", "timm": "2"}, {"torch": "1", "timm": ""})
    assert not finding.ok
    assert finding.observation == "timm 2 here, none in the job"


def test_the_page_counts_problems_and_gives_advice_for_them_alone():
    findings = [Finding("a", True, "fine", "do x"), Finding("b", False, "bad", "do y")]
    text = page("paper", [PROBE | {"scheduler": "4710", "gpus": []}, PROBE], findings)
    assert "1 problem to solve first" in text
    assert "do y" in text
    assert "do x" not in text
    assert "SLURM job 4710 on node7: 8 processors, 0 GPUs" in text
    assert "SLURM job 4711 on node7: 8 processors, 1 GPUs" in text
    assert page("paper", [PROBE], findings[:1]).startswith("# Preflight of study paper: ready")


def test_packages_that_a_job_cannot_import_are_named_with_its_interpreter():
    assert [finding.ok for finding in import_findings(PROBE)] == [True]
    broken = PROBE | {"imports": {"torch": "ImportError: libcudart.so.12: cannot open"}}
    (finding,) = import_findings(broken)
    assert (finding.subject, finding.ok) == ("torch", False)
    assert "libcudart" in finding.observation
    assert "/env/bin/python on node7" in finding.advice


def test_data_are_counted_as_what_is_there(tmp_path):
    for number in range(3):
        image = tmp_path / "scene_categories" / "kitchen" / f"image_{number:04}.jpg"
        image.parent.mkdir(parents=True, exist_ok=True)
        image.touch()
    (tmp_path / "CUB_200_2011").mkdir()
    lines = [
        "Caltech101 at /data/101_ObjectCategories: 0.137 GB, snakemake fetch_caltech101 --cores 1",
        "Caltech101 at /data/101_ObjectCategories: 0.137 GB, snakemake fetch_caltech101 --cores 1",
    ]
    left_out = ["Figure 13 on Places205=needs /data/places205; see check_data"]
    keys = ["scene15", "cub", "caltech101"]
    lost, part, empty, without = data_findings(tmp_path, keys, lines, left_out)
    assert (lost.subject, lost.ok) == ("Caltech101", False)
    assert lost.observation == "not found: /data/101_ObjectCategories: 0.137 GB"
    assert lost.advice == "snakemake fetch_caltech101 --cores 1"
    assert part.ok is None
    assert part.observation == "part of it, which is used as it is: 3 of 4,485 images"
    assert empty.ok is False
    assert empty.advice == f"snakemake fetch_cub --cores 1 --config data_root={tmp_path}"
    assert (without.subject, without.ok) == ("Figure 13 on Places205", None)


def test_without_a_data_root_there_is_one_finding(tmp_path):
    line = "config.data_root: /gone: no such folder; set it to where the data are"
    (finding,) = data_findings(tmp_path / "gone", ["cub"], [line], [])
    assert (finding.subject, finding.ok) == ("config.data_root", False)
    assert finding.observation == "not found: /gone: no such folder"
    assert finding.advice == "set it to where the data are"


def test_weights_are_a_file_or_a_download():
    there, lacking = weights_findings({"vgg16": "/data/weights/vgg16.pth", "alexnet": ""})
    assert (there.ok, there.observation) == (True, "/data/weights/vgg16.pth")
    assert lacking.ok is None
    assert "to be downloaded" in lacking.observation
