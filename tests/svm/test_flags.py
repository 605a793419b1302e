import argparse

import pytest
import torch

from pipeline_lib.svm.flags import add_flags, fit_options


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


def options(*words):
    made = argparse.ArgumentParser()
    add_flags(made)
    return fit_options(made.parse_args(words))


def test_what_was_asked_for_is_what_is_fitted(threads):
    asked = ("--solver", "liblinear", "--costs", "1", "10", "--folds", "5", "--seed", "3")
    assert options(*asked) == {"solver": "liblinear", "costs": [1, 10], "folds": 5, "seed": 3}


def test_the_batched_solver_is_held_to_its_threads(threads):
    torch.set_num_threads(2)
    options("--threads", "0")
    assert torch.get_num_threads() == 2
    options("--threads", "1")
    assert torch.get_num_threads() == 1
