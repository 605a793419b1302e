"""Newton's method in float64: a step costs more than one of L-BFGS, but a few steps are enough.

If a large cost leaves fewer images inside the margin than there are features, then only the penalty
curves the objective along many directions, and a method that learns the curvature step by step needs
hundreds of steps. Newton's method solves exactly for the images inside the margin, class by class: a
ridge regression with as many unknowns as such images or features, whichever are fewer. Galli and Lin
2021 show that it ends after finitely many steps if the line search is exact.
"""

import torch

from pipeline_lib.svm.line_search import dot, minimum_along, objective_of

_STEPS, _TYPICAL = 200, 3  # maximum number of steps, typical number


def newton(
    x: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, cost: float, tolerance: float
) -> torch.Tensor:
    """Return the minimum, starting from ``weights`` (k, r), for features (n, r) and targets (k, n).

    A class is done when half its squared gradient is below ``tolerance`` times the objective. It is then
    no further above its minimum: the penalty makes the objective strongly convex.
    """
    weights = weights.clone()
    margins = targets.abs() - targets * (weights @ x.T)
    left = torch.arange(len(weights), device=x.device)
    for _ in range(_STEPS):
        w, m, t = weights[left], margins[left], targets[left]
        gradient = w - 2 * cost * ((t * m.clamp(min=0)) @ x)
        above = dot(gradient, gradient) / 2 > tolerance * objective_of(w, m, cost)
        if not above.any():
            break
        left, w, m, t, gradient = (tensor[above] for tensor in (left, w, m, t, gradient))
        inside = m > 0
        minima = [_ridge(x[i], s[i], cost) for i, s in zip(inside, t, strict=True)]
        direction = torch.stack(minima) - w
        gains = t * (direction @ x.T)
        length = minimum_along(w, direction, m, gains, gradient, cost)
        weights[left] = w + length * direction
        margins[left] = m - length * gains
    return weights


def newton_work(inside: torch.Tensor, n: int, r: int) -> torch.Tensor:
    """Estimate the operations of ``newton`` for classes with (k,) images inside the margin.

    They count double for float64, and double again for small products.
    """
    fewer = inside.clamp(max=r)
    return _TYPICAL * (8 * n * r + 4 * fewer * (inside * r + fewer.square() / 3))


def _ridge(x: torch.Tensor, targets: torch.Tensor, cost: float) -> torch.Tensor:
    """Return the w (r,) that minimises 1/2 |w|^2 + cost |targets - x @ w|^2, for (m, r) and (m,)."""
    fewer = len(x) < x.shape[1]
    gram = x @ x.T if fewer else x.T @ x
    gram.diagonal().add_(1 / (2 * cost))
    right = targets if fewer else targets @ x
    solution = torch.cholesky_solve(right[:, None], torch.linalg.cholesky(gram))[:, 0]
    return solution @ x if fewer else solution
