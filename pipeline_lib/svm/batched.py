"""All classes' SVMs at once: a quasi-Newton method whose work is two matrix products a step.

liblinear solves one class after the other by a Newton method (Lin, Weng and Keerthi 2008). Here the
classes are rows of one matrix and take their steps together, on any device; classes that have
converged leave the batch. A step is L-BFGS's (Nocedal and Wright 2006, algorithm 7.4) with a line
search that is all but exact: it needs no further product, as the objective along a line depends on
the decision values and their change alone. Newton's method with conjugate gradients needs three to
four times as many products, since each of its steps throws away what it learnt of the curvature.

The features are first turned onto their principal axes. That changes nothing of the problem, whose
penalty is the same in all directions, but there the Hessian of a class is nearly diagonal: where a
fraction of the images is inside the margin, about that fraction of all images' variances. It is the
scaling that L-BFGS starts from. For w = 0 it is exact, and the first step is ridge regression.
"""

from collections import deque

import numpy as np
import torch

from pipeline_lib.common.machine import default_device
from pipeline_lib.svm.line import dot, minimum_along, objective_of
from pipeline_lib.svm.newton import newton, newton_work
from pipeline_lib.svm.problem import TOLERANCE, Solution, check

_STEPS = 2000
_MEMORY = 10  # steps that L-BFGS remembers
_DROP = 1 / 8  # the batch is packed anew once this part of it has converged
_RANK = 1e-12  # axes of less than this part of the variance are none


class BatchedSolver:
    """Solves problems that share their features, (n, d) float32, which may be many.

    Raises InputError for features that are not finite.
    """

    def __init__(self, features: np.ndarray, device: torch.device | None = None) -> None:
        check(features)
        self._device = device or default_device()
        x = torch.ones((len(features), features.shape[1] + 1), device=self._device)
        x[:, :-1] = torch.from_numpy(np.ascontiguousarray(features, np.float32))
        with torch.inference_mode(), _ExactProducts():
            self._axes = _principal_axes(x)
            self._x = x @ self._axes

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

        ``start`` is where to begin, zero without. A class has converged when an estimate of how far
        its objective is above the minimum (see ``_minimise``), right to a factor of three or so, is
        below ``tolerance`` times the objective. Newton's method finishes those that take longer than
        it would. Raises InputError for a class without examples.
        """
        check(self._x, targets)
        t = torch.from_numpy(np.ascontiguousarray(targets.T)).to(self._device).float()
        w = torch.zeros((len(t), self._x.shape[1]), device=self._device)
        if start is not None:
            given = np.concatenate([start.weights, start.bias[:, None]], axis=1)
            w = torch.from_numpy(given).to(self._device) @ self._axes
        with _ExactProducts():
            w, converged = _minimise(self._x, t, w, cost, tolerance)
            hard = ~converged
            if hard.any():
                exact = (part.double() for part in (self._x, t[hard], w[hard]))
                w[hard] = newton(*exact, cost, tolerance).float()
            reached = objective_of(w, _margins(self._x, t, w), cost)
            found = (w @ self._axes.T).cpu().numpy()
        return Solution(found[:, :-1].copy(), found[:, -1].copy(), reached.cpu().numpy())


class _ExactProducts:
    """Keep a GPU from multiplying float32 in its shorter formats."""

    def __enter__(self) -> None:
        self._before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")

    def __exit__(self, *_: object) -> None:
        torch.set_float32_matmul_precision(self._before)


class _Memory:
    """The last steps (k, r) and changes of the gradient: L-BFGS's picture of the curvature."""

    def __init__(self) -> None:
        self._pairs: deque[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = deque(maxlen=_MEMORY)

    def add(self, step: torch.Tensor, change: torch.Tensor) -> None:
        """Remember a step and what it changed; a step of zero is remembered as nothing."""
        product = dot(step, change)
        self._pairs.append((step, change, torch.where(product > 0, 1 / product, 0)))

    def keep(self, rows: torch.Tensor) -> None:
        """Forget all but these rows."""
        pairs = [tuple(part[rows] for part in pair) for pair in self._pairs]
        self._pairs = deque(pairs, maxlen=_MEMORY)

    def forget(self, rows: torch.Tensor) -> None:
        """Forget what was learnt of the rows where the (k,) mask is true."""
        for *_, scale in self._pairs:
            scale[rows] = 0

    def least_curvature(self, diagonal: torch.Tensor) -> torch.Tensor | float:
        """Return the least curvature (k,) along a remembered step, as a part of the diagonal's."""
        ratios = [
            torch.where(scale > 0, 1 / (scale * dot(step, diagonal * step)), 1)
            for step, _, scale in self._pairs
        ]
        return torch.stack(ratios).amin(0).clamp(max=1) if ratios else 1.0

    def solve(self, gradient: torch.Tensor, diagonal: torch.Tensor) -> torch.Tensor:
        """Return the inverse Hessian's estimate times ``gradient``; ``diagonal`` is the first guess."""
        rest, parts = gradient.clone(), []
        for step, change, scale in reversed(self._pairs):
            part = (scale * dot(step, rest))[:, None]
            rest.addcmul_(part, change, value=-1)
            parts.append(part)
        rest /= diagonal
        for (step, change, scale), part in zip(self._pairs, reversed(parts), strict=True):
            rest.addcmul_(part - (scale * dot(change, rest))[:, None], step)
        return rest


def _principal_axes(x: torch.Tensor) -> torch.Tensor:
    """The (d, r) orthonormal axes of the row space of (n, d), from the smaller Gram matrix."""
    x = x.double()  # float32's rounding would pass for axes of their own where images repeat
    tall = len(x) >= x.shape[1]
    gram = x.T @ x if tall else x @ x.T
    variances, vectors = torch.linalg.eigh(gram)
    keep = variances > _RANK * variances[-1]
    variances, vectors = variances[keep], vectors[:, keep]
    if not tall:
        vectors = x.T @ (vectors / variances.sqrt())
    return vectors.float()


def _minimise(
    x: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, cost: float, tolerance: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the rows of ``weights`` (k, r) improved, and a (k,) mask of those that have converged.

    How far a class is above its minimum is half the squared gradient in the inverse Hessian's metric.
    The diagonal, scaled down to the least curvature of late, stands for the Hessian. But m images curve
    no more than m directions: where the diagonal has more, ``crowding`` m in effect, only the penalty
    curves the others, and the part of the gradient that a random one has in them counts in full.
    """
    result = weights.clone()
    converged = torch.zeros(len(targets), dtype=torch.bool, device=x.device)
    batch = torch.arange(len(targets), device=x.device)  # the classes that are still in it
    stuck = given_up = torch.zeros_like(converged)
    margins = _margins(x, targets, weights)
    reached = objective_of(weights, margins, cost)
    variances = 2 * cost * x.square().sum(0) / len(x)
    memory, step, before = _Memory(), None, None
    for number in range(_STEPS):
        slack = margins.clamp(min=0)
        gradient = weights - 2 * cost * ((targets * slack) @ x)
        inside = (slack > 0).sum(1)
        curvature = inside[:, None] * variances
        diagonal = 1 + curvature
        crowding = (curvature / diagonal).sum(1) / inside.clamp(min=1)
        given_up = given_up | (4 * x.numel() * number > newton_work(inside, *x.shape))
        if step is not None:
            memory.add(step, gradient - before)
        flat = (1 - 1 / crowding).clamp(min=0)
        scaled = dot(gradient, gradient / diagonal) / memory.least_curvature(diagonal)
        above = (scaled + flat * dot(gradient, gradient)) / 2
        done = above <= tolerance * reached
        leave = done | given_up
        if leave.float().mean() >= _DROP:
            result[batch[leave]], converged[batch[done]] = weights[leave], True
            stay = ~leave
            batch = batch[stay]
            if not len(batch):
                return result, converged
            memory.keep(stay)
            targets, weights, margins, reached = (
                part[stay] for part in (targets, weights, margins, reached)
            )
            gradient, diagonal, stuck, given_up = (
                part[stay] for part in (gradient, diagonal, stuck, given_up)
            )
        direction = -memory.solve(gradient, diagonal)
        gains = targets * (direction @ x.T)
        length = minimum_along(weights, direction, margins, gains, gradient, cost)
        step, before = length * direction, gradient
        moved = torch.addcmul(margins, length, gains, value=-1)
        objective = objective_of(weights + step, moved, cost)
        better = (objective < reached)[:, None]
        step, margins = torch.where(better, step, 0), torch.where(better, moved, margins)
        weights, reached = weights + step, torch.minimum(objective, reached)
        given_up = given_up | (stuck & ~better[:, 0])  # the second time, with nothing remembered
        stuck = ~better[:, 0]
        memory.forget(stuck)
    result[batch] = weights
    return result, converged


def _margins(x: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """How far, (k, n), each image is inside its margin; zero where it is not in the problem."""
    return targets.abs() - targets * (weights @ x.T)
