"""The objective of a batch of classes, one in each row, and its minimum along a line.

``margins`` (k, n) say how far each image is inside the margin, 1 - t (w . x), and ``gains`` (k, n)
by how much a step along ``direction`` (k, r) reduces that. Images that are not in a class's problem
have 0 in both.
"""

import torch

_SEARCHES = 50
_FLATTER = 0.1  # the search ends once the slope is this fraction of the first slope


def minimum_along(
    weights: torch.Tensor,
    direction: torch.Tensor,
    margins: torch.Tensor,
    gains: torch.Tensor,
    gradient: torch.Tensor,
    cost: float,
) -> torch.Tensor:
    """Return the step length, (k, 1), at which the slope of each row is almost zero.

    Along a line the objective is convex and its slope piecewise linear, so Newton's method finds the
    zero in a few evaluations; a bracket keeps it from oscillating.
    """
    across, along = dot(weights, direction), dot(direction, direction)
    flat = _FLATTER * dot(gradient, direction).abs()
    length, low = torch.ones_like(across), torch.zeros_like(across)
    high = torch.full_like(across, torch.inf)
    for _ in range(_SEARCHES):
        slack = torch.addcmul(margins, length[:, None], gains, value=-1).clamp_(min=0)
        slope = across + length * along - 2 * cost * dot(gains, slack)
        settled = slope.abs() <= flat
        if settled.all():
            break
        low, high = torch.where(slope < 0, length, low), torch.where(slope < 0, high, length)
        curvature = along + 2 * cost * dot(gains, torch.where(slack > 0, gains, 0))
        newton = length - slope / curvature
        middle = torch.where(high.isinf(), 2 * length, (low + high) / 2)
        following = torch.where((newton > low) & (newton < high), newton, middle)
        length = torch.where(settled, length, following)
    return length[:, None]


def objective_of(weights: torch.Tensor, margins: torch.Tensor, cost: float) -> torch.Tensor:
    """Return the objective of each row, summed in float64."""
    loss = margins.clamp(min=0).square_().sum(1, dtype=torch.float64)
    return 0.5 * weights.square().sum(1, dtype=torch.float64) + cost * loss


def dot(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Return the inner product of each row."""
    return torch.einsum("kn,kn->k", left, right)
