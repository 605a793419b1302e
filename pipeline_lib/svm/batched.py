"""All classes' SVMs at once: Newton's method, its steps by conjugate gradients, in matrix products.

liblinear solves one class after the other (Lin, Weng and Keerthi 2008 describe its Newton method,
Galli and Lin 2021 its line search). Here the classes are columns of one matrix and take their steps
together, so that the work is products of the features with (d, k) matrices, on any device; classes
that have converged leave the batch.

The features are first turned onto their principal axes. That changes nothing of the problem, whose
penalty is the same in all directions, but there the Hessians of all classes are nearly diagonal, and
their diagonals are the preconditioner that conjugate gradients need.
"""

import numpy as np
import torch

from pipeline_lib.svm.exact import newton
from pipeline_lib.svm.problem import Solution, check

TOLERANCE = 1e-5
_STEPS, _INNER, _SEARCHES = 100, 100, 20
_FORCING = 0.1  # how much of the gradient conjugate gradients leave over, as liblinear's
_RANK = 1e-12  # axes of less than this part of the variance are none


class BatchedSolver:
    """Solves problems that share their features, (n, d) float32, which may be many.

    Raises InputError for features that are not finite.
    """

    def __init__(self, features: np.ndarray, device: torch.device | None = None) -> None:
        check(features)
        self._device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
        x = torch.ones((len(features), features.shape[1] + 1), device=self._device)
        x[:, :-1] = torch.from_numpy(np.ascontiguousarray(features, np.float32))
        with torch.inference_mode(), _ExactProducts():
            self._axes = _principal_axes(x)
            self._x = x @ self._axes
            self._squares = self._x * self._x

    @torch.inference_mode()
    def solve(
        self,
        targets: np.ndarray,
        cost: float,
        *,
        start: Solution | None = None,
        tolerance: float = TOLERANCE,
    ) -> Solution:
        """Minimise the objective of ``problem`` for every column of (n, k) int8 targets.

        ``start`` is where to begin, zero without. A class has converged when half its Newton decrement,
        which estimates how far its objective is above the minimum, is below ``tolerance`` times the
        objective; one that float32 cannot bring there is finished in float64. Raises InputError for a
        class without examples.
        """
        check(self._x, targets)
        t = torch.from_numpy(np.ascontiguousarray(targets)).to(self._device).float()
        w = torch.zeros((self._x.shape[1], t.shape[1]), device=self._device)
        if start is not None:
            given = np.concatenate([start.weights, start.bias[:, None]], axis=1)
            w = self._axes.T @ torch.from_numpy(given.T.copy()).to(self._device)
        with _ExactProducts():
            w, converged = _minimise(self._x, self._squares, t, w, cost, tolerance)
            for hard in (~converged).nonzero()[:, 0]:
                exact = (part.double() for part in (self._x, t[:, hard], w[:, hard]))
                w[:, hard] = newton(*exact, cost, tolerance).float()
            reached = _objective(w, self._x @ w, t, cost)
            found = (self._axes @ w).cpu().numpy()
        return Solution(np.ascontiguousarray(found[:-1].T), found[-1].copy(), reached.cpu().numpy())


class _ExactProducts:
    """Keep a GPU from multiplying float32 in its shorter formats."""

    def __enter__(self) -> None:
        self._before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")

    def __exit__(self, *_: object) -> None:
        torch.set_float32_matmul_precision(self._before)


def _principal_axes(x: torch.Tensor) -> torch.Tensor:
    """The (d, r) orthonormal axes of the row space of (n, d), from the smaller Gram matrix."""
    tall = len(x) >= x.shape[1]
    gram = (x.T @ x if tall else x @ x.T).double()
    variances, vectors = torch.linalg.eigh(gram)
    keep = variances > _RANK * variances[-1]
    variances, vectors = variances[keep], vectors[:, keep]
    if not tall:
        vectors = x.double().T @ (vectors / variances.sqrt())
    return vectors.float()


def _minimise(
    x: torch.Tensor,
    squares: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    cost: float,
    tolerance: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the columns of ``weights`` improved as far as float32 goes, and which have converged."""
    left = torch.arange(targets.shape[1], device=x.device)  # the columns that have not converged
    result = weights.clone()
    converged = torch.zeros(len(left), dtype=torch.bool, device=x.device)
    values = x @ weights
    reached = _objective(weights, values, targets, cost)
    for _ in range(_STEPS):
        slack = (1 - targets * values).clamp_(min=0) * (targets != 0)
        active = (slack > 0).float()
        gradient = weights - 2 * cost * (x.T @ (targets * slack))
        diagonal = 1 + 2 * cost * (squares.T @ active)
        step, step_values = _newton_step(x, active, gradient, diagonal, cost)
        slope = (gradient.double() * step.double()).sum(0)
        done = -slope / 2 <= tolerance * reached
        length = _line_search(weights, step, values, step_values, targets, cost)
        tried = weights + length * step, values + length * step_values
        before, reached = reached, _objective(*tried, targets, cost)
        better = reached <= before
        weights, values = (
            torch.where(better, new, old) for new, old in zip(tried, (weights, values), strict=True)
        )
        reached = torch.minimum(before, reached)
        result[:, left], converged[left] = weights, done
        done |= ~better  # float32 can do no more
        if done.all():
            break
        if done.any():
            left, targets, weights, values, reached = (
                part[..., ~done] for part in (left, targets, weights, values, reached)
            )
    return result, converged


def _newton_step(
    x: torch.Tensor,
    active: torch.Tensor,
    gradient: torch.Tensor,
    diagonal: torch.Tensor,
    cost: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Solve Hessian @ step = -gradient, roughly, by preconditioned conjugate gradients.

    Returns the step (r, k) and ``x @ step`` (n, k), which comes for free.
    """
    step, step_values = torch.zeros_like(gradient), torch.zeros_like(active)
    residual = -gradient
    direction = residual / diagonal
    product = (residual * direction).sum(0)
    enough = _FORCING**2 * product
    for _ in range(_INNER):
        along = x @ direction
        curved = direction + 2 * cost * (x.T @ (active * along))
        curvature = (direction * curved).sum(0)
        length = torch.where(product > enough, product / curvature.clamp(min=1e-30), 0)
        step += length * direction
        step_values += length * along
        residual -= length * curved
        scaled = residual / diagonal
        following = (residual * scaled).sum(0)
        if not (following > enough).any():
            break
        direction = scaled + (following / product.clamp(min=1e-30)) * direction
        product = following
    return step, step_values


def _line_search(
    weights: torch.Tensor,
    step: torch.Tensor,
    values: torch.Tensor,
    step_values: torch.Tensor,
    targets: torch.Tensor,
    cost: float,
) -> torch.Tensor:
    """Return how far each column should go along its step: the minimum, to float32's precision.

    Along a line the objective is convex and its slope is piecewise linear, so Newton's method finds
    the zero in a few evaluations; a bracket keeps it from jumping to and fro.
    """
    across, along = (weights * step).sum(0), (step * step).sum(0)
    low = torch.zeros_like(across)
    high = torch.full_like(across, torch.inf)
    length = torch.ones_like(across)
    margins, gains = 1 - targets * values, targets * step_values
    for _ in range(_SEARCHES):
        slack = (margins - length * gains).clamp_(min=0)
        active = torch.where(slack > 0, gains, 0)
        slope = across + length * along - 2 * cost * (active * slack).sum(0)
        curvature = along + 2 * cost * (active * active).sum(0)
        low, high = torch.where(slope <= 0, length, low), torch.where(slope > 0, length, high)
        moved = length - slope / curvature.clamp(min=1e-30)
        middle = torch.where(high.isinf(), 2 * length, (low + high) / 2)
        following = torch.where((moved >= low) & (moved <= high), moved, middle)
        settled = (following - length).abs() <= 1e-3 * length
        length = following
        if settled.all():
            break
    return length


def _objective(
    weights: torch.Tensor, values: torch.Tensor, targets: torch.Tensor, cost: float
) -> torch.Tensor:
    """The objective of each column, summed in float64."""
    slack = (1 - targets * values).clamp_(min=0) * (targets != 0)
    loss = (slack * slack).sum(0, dtype=torch.float64)
    return 0.5 * (weights * weights).sum(0, dtype=torch.float64) + cost * loss
