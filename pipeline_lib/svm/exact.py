"""Newton's method for one class, in float64, where float32 gets no further.

With few images inside the margin, fewer than there are features say, the objective is curved along
some directions only by its penalty, and methods that learn the curvature step by step need hundreds
of steps. Newton's method solves for the images inside the margin exactly, which is ridge regression
in as many unknowns as there are such images or features, whichever are fewer.
"""

import torch

from pipeline_lib.svm.line import minimum_along, objective_of

_STEPS = 200


def newton(
    x: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, cost: float, tolerance: float
) -> torch.Tensor:
    """Return ``weights`` (r,) improved to the minimum, for features (n, r) and targets (n,), float64.

    It ends when half the squared gradient is below ``tolerance`` times the objective. The objective is
    no more than that above its minimum, because the penalty alone makes it strongly convex.
    """
    signed = x[targets != 0] * targets[targets != 0, None]
    weights, margins = weights[None], (1 - signed @ weights)[None]
    for _ in range(_STEPS):
        inside = signed[margins[0] > 0]
        gradient = weights - 2 * cost * (margins.clamp(min=0) @ signed)
        if gradient.square().sum() / 2 <= tolerance * objective_of(weights, margins, cost):
            break
        direction = _ridge(inside, cost) - weights
        gains = direction @ signed.T
        length = minimum_along(weights, direction, margins, gains, gradient, cost)
        weights, margins = weights + length * direction, margins - length * gains
    return weights[0]


def _ridge(signed: torch.Tensor, cost: float) -> torch.Tensor:
    """The (1, r) minimum of 1/2 |w|^2 + cost |1 - signed @ w|^2, for (m, r)."""
    m, r = signed.shape
    gram = signed.T @ signed if m > r else signed @ signed.T
    gram.diagonal().add_(1 / (2 * cost))
    factor = torch.linalg.cholesky(gram)
    if m > r:
        return torch.cholesky_solve(signed.sum(0)[:, None], factor).T
    ones = torch.ones((m, 1), dtype=signed.dtype, device=signed.device)
    return torch.cholesky_solve(ones, factor).T @ signed
