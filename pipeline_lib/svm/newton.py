"""Newton's method in float64: its steps cost more than the batch's, but a handful of them is enough.

Where a large cost leaves fewer images inside the margin than there are features, the objective is
curved along many directions by its penalty alone, and a method that learns the curvature step by
step needs hundreds of steps. Newton's method solves for the images inside the margin exactly, class
by class: ridge regression in as many unknowns as there are such images or features, whichever are
fewer. Galli and Lin 2021 show that with an exact line search it ends after finitely many steps.
"""

import torch

from pipeline_lib.svm.line import dot, minimum_along, objective_of

_STEPS, _TYPICAL = 200, 3  # steps at most, steps as a rule


def newton(
    x: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, cost: float, tolerance: float
) -> torch.Tensor:
    """Return ``weights`` (k, r) improved to the minimum, for features (n, r) and targets (k, n).

    A class is done when half its squared gradient is below ``tolerance`` times the objective. The
    objective is no more than that above its minimum: the penalty alone makes it so convex.
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
        left, w, m, t, gradient = (part[above] for part in (left, w, m, t, gradient))
        inside = m > 0
        minima = [_ridge(x[i], s[i], cost) for i, s in zip(inside, t, strict=True)]
        direction = torch.stack(minima) - w
        gains = t * (direction @ x.T)
        length = minimum_along(w, direction, m, gains, gradient, cost)
        weights[left] = w + length * direction
        margins[left] = m - length * gains
    return weights


def newton_work(inside: torch.Tensor, n: int, r: int) -> torch.Tensor:
    """Roughly the operations ``newton`` takes for classes with (k,) images inside the margin.

    They count double for float64, and double again where the products are small.
    """
    fewer = inside.clamp(max=r)
    return _TYPICAL * (8 * n * r + 4 * fewer * (inside * r + fewer.square() / 3))


def _ridge(x: torch.Tensor, targets: torch.Tensor, cost: float) -> torch.Tensor:
    """Minimise 1/2 |w|^2 + cost |targets - x @ w|^2 over w (r,), for (m, r) and (m,)."""
    fewer = len(x) < x.shape[1]
    gram = x @ x.T if fewer else x.T @ x
    gram.diagonal().add_(1 / (2 * cost))
    right = targets if fewer else targets @ x
    found = torch.cholesky_solve(right[:, None], torch.linalg.cholesky(gram))[:, 0]
    return found @ x if fewer else found
