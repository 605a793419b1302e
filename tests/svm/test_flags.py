import argparse

import pytest
import torch

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.machine import GPU_REQUIRED
from pipeline_lib.study.configuration.transfer import SvmConfig
from pipeline_lib.svm.flags import add_svm_flags, open_solvers_device, read_svm_flags


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


def parse(*words):
    parser = argparse.ArgumentParser()
    add_svm_flags(parser)
    return parser.parse_args(words)


def test_the_settings_are_those_of_the_flags(threads):
    arguments = parse("--solver", "liblinear", "--costs", "1", "10", "--folds", "5", "--seed", "3")
    settings = read_svm_flags(arguments)
    assert (settings.solver, settings.costs, settings.folds) == ("liblinear", (1.0, 10.0), 5)
    assert arguments.seed == 3


def test_without_flags_the_settings_are_the_configurations(threads):
    assert read_svm_flags(parse()) == SvmConfig()


@pytest.mark.parametrize("words", [("--folds", "1"), ("--costs", "1", "0"), ("--costs",)])
def test_settings_out_of_their_limits_are_one_line(threads, words):
    with pytest.raises(InputError, match=f"^{words[0]}"):
        read_svm_flags(parse(*words))


def test_the_batched_solver_is_limited_to_its_threads(threads):
    torch.set_num_threads(2)
    read_svm_flags(parse("--threads", "0"))
    assert torch.get_num_threads() == 2
    read_svm_flags(parse("--threads", "1"))
    assert torch.get_num_threads() == 1


def test_the_batched_solver_alone_needs_the_gpu_that_a_job_was_given(monkeypatch):
    monkeypatch.setenv(GPU_REQUIRED, "1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    open_solvers_device(SvmConfig(solver="liblinear"))
    with pytest.raises(InputError, match="this job needs a GPU"):
        open_solvers_device(SvmConfig())
