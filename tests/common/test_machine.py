"""The device, its GPU that has to be there, and the number formats that it has."""

import os
import re
import socket
import subprocess
import sys

import pytest
import torch

from pipeline_lib.common import machine
from pipeline_lib.common.command import TRY_AGAIN
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.machine import (
    GPU_REQUIRED,
    make_deterministic,
    open_device,
    precision_here,
    use_precision,
)

CPU = torch.device("cpu")


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def two_gpus(monkeypatch):
    chosen = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _device: "NVIDIA H100")
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    return chosen


def test_the_log_says_that_it_is_the_cpu(package_log, no_gpu):
    before = torch.get_num_threads()
    try:
        assert open_device(1) == CPU
        assert package_log.messages == ["device: cpu, 1 threads"]
    finally:
        torch.set_num_threads(before)


def test_the_log_names_the_gpu_and_each_process_has_its_own(package_log, two_gpus, monkeypatch):
    monkeypatch.setenv(GPU_REQUIRED, "1")
    assert open_device() == torch.device("cuda", 0)
    assert open_device(local_rank=1) == torch.device("cuda", 1)
    assert two_gpus == [torch.device("cuda", 0), torch.device("cuda", 1)]
    assert package_log.messages == ["device: cuda:0 NVIDIA H100", "device: cuda:1 NVIDIA H100"]
    with pytest.raises(
        InputError, match=rf"^{socket.gethostname()}: more processes than its 2 GPUs"
    ):
        open_device(local_rank=2)


def test_a_job_that_was_given_a_gpu_and_sees_none_names_its_node(no_gpu, monkeypatch):
    monkeypatch.setenv(GPU_REQUIRED, "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    with pytest.raises(InputError) as problem:
        open_device()
    (line,) = str(problem.value).splitlines()
    assert line.startswith(f"{socket.gethostname()}: this job needs a GPU")
    monkeypatch.setenv(GPU_REQUIRED, "")
    assert open_device() == CPU


STEPS = {
    "predict": "--network {net} --images {images} --root {root} --out {out}/p.h5",
    "extract": "--network {net} --images {images} --root {root} --out {out}/f.h5",
    "find_units": "--network {net} --images {images} --root {root} --out {out}/u.h5",
    "train": "--name x --architecture nin --option width=0.125 --images {images} --root {root} "
    "--checkpoints {out}/c --out {out}/n.safetensors",
}


@pytest.mark.parametrize("step", STEPS)
def test_every_step_that_runs_a_network_asks_for_the_gpu(
    step, training_manifest, tiny_world, tmp_path, network_file
):
    """As a job would: a process of its own, with the environment that the rules give it."""
    flags = STEPS[step].format(
        net=network_file, images=training_manifest, root=tiny_world, out=tmp_path
    )
    done = subprocess.run(
        [sys.executable, "-m", "pipeline_lib", step, *flags.split()],
        env={**os.environ, GPU_REQUIRED: "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    error, again = done.stderr.splitlines()[-2:]
    assert error.startswith(f"error: {socket.gethostname()}: this job needs")
    assert again == TRY_AGAIN  # on another node
    assert not list(tmp_path.glob("*.h5"))


def test_every_rule_that_asks_for_a_gpu_runs_a_step_that_opens_it(repository):
    """And no other: a step that opens the device in a job without a GPU would always fail."""
    opening = re.compile(r"\b(open_device|open_solvers_device|join_processes)\(")
    modules = {path.stem: path for path in (repository / "pipeline_lib/steps").rglob("*.py")}
    rules = "\n".join(path.read_text() for path in (repository / "workflow/rules").glob("*.smk"))
    found = {}
    for rule in re.split(r"\n +rule |\nrule ", rules)[1:]:
        step = re.search(r"pipeline_lib (\w+) ", rule)
        if step and step[1] != "probe":  # which says what it sees
            opens = bool(opening.search(modules[step[1]].read_text()))
            found.setdefault(step[1], set()).add(("**gpus(" in rule, opens))
    assert all(asks == opens for pairs in found.values() for asks, opens in pairs), found
    assert sum((True, True) in pairs for pairs in found.values()) == 12


@pytest.fixture(scope="session")
def network_file(training_manifest, tmp_path_factory):
    from pipeline_lib.data.manifest import read_images
    from pipeline_lib.networks.artefact import save_network
    from pipeline_lib.networks.card import NetworkCard, Preprocessing
    from pipeline_lib.networks.registry import build

    labels = sorted(read_images(training_manifest)["label"].unique())
    options = {"width": 0.0625, "half_input": True, "batch_norm": True}
    torch.manual_seed(0)
    state = build("alexnet_gap", len(labels), options).state_dict()
    path = tmp_path_factory.mktemp("network") / "net.safetensors"
    preprocessing = Preprocessing((64, 64))
    save_network(
        path, NetworkCard("net", "trained", "alexnet_gap", options, labels, preprocessing), state
    )
    return path


@pytest.mark.parametrize(
    ("asked", "flags", "used"),
    [
        ("bfloat16", {"avx512_bf16", "avx2"}, "bfloat16"),
        ("bfloat16", {"amx_bf16"}, "bfloat16"),
        ("bfloat16", {"avx512f", "avx2"}, "float32"),
        ("bfloat16", set(), "float32"),
        ("float16", {"avx512_bf16"}, "float32"),
        ("float16", {"avx512_fp16"}, "float16"),
        ("tf32", {"avx512_bf16"}, "float32"),
        ("float32", set(), "float32"),
    ],
)
def test_a_processor_without_a_format_computes_in_float32(
    monkeypatch, package_log, asked, flags, used
):
    monkeypatch.setattr(machine, "_cpu_flags", lambda: flags)
    assert use_precision(asked, CPU) == used
    assert (f"has no {asked}" in package_log.text) == (asked != used)


@pytest.mark.parametrize(
    ("asked", "capability", "used"),
    [
        ("bfloat16", (7, 0), "float32"),  # V100
        ("float16", (7, 0), "float16"),
        ("tf32", (7, 5), "float32"),  # T4
        ("bfloat16", (8, 0), "bfloat16"),  # A100
        ("tf32", (9, 0), "tf32"),  # H100
    ],
)
def test_gpus_before_ampere_have_neither_bfloat16_nor_tf32(monkeypatch, asked, capability, used):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    assert precision_here(asked, torch.device("cuda", 0)) == used


def test_the_flags_are_those_that_linux_lists():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        listed = file.read()
    assert machine._cpu_flags()
    assert all(flag in listed for flag in machine._cpu_flags())


def test_float32_is_float32_unless_tf32_is_asked_for(monkeypatch, no_gpu):
    open_device()
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32
    monkeypatch.setattr(machine, "precision_here", lambda asked, _device: asked)
    assert use_precision("tf32", CPU) == "tf32"
    assert torch.backends.cudnn.allow_tf32
    assert use_precision("float32", CPU) == "float32"
    assert not torch.backends.cudnn.allow_tf32


def test_deterministic_runs_choose_no_algorithm_by_time(monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    benchmark = torch.backends.cudnn.benchmark
    try:
        torch.backends.cudnn.benchmark = True
        make_deterministic()
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.backends.cudnn.benchmark
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    finally:
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.benchmark = benchmark
        os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)
