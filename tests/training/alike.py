"""Weights of two trainings that differ in nothing but the order of their sums."""

import torch


def assert_alike(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    """Raise AssertionError if a tensor differs by more than 20 % of its length.

    How fast last bits grow differs by processor: biases, which start at 0, end up to 1 % apart here and
    further elsewhere. Twice or half the gradient, or half of each batch, moves biases by 60 to 150 %.
    """
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        assert (ours[name] - tensor).norm() <= 0.2 * tensor.norm(), name
