"""The SVMs of all classes at once: L-BFGS with two matrix products in each step.

liblinear solves one class after the other by a Newton method (Lin, Weng and Keerthi 2008). Here the
classes are rows of one matrix and take their steps together, on any device; classes that have
converged leave the batch. Steps are those of L-BFGS (Nocedal and Wright 2006, algorithm 7.4), with an
almost exact line search. The search needs no further product: along a line, the objective depends only
on the decision values and their change. Newton's method with conjugate gradients needs three to four
times as many products, because it discards what each step learnt about the curvature.

The features are first rotated onto their principal axes. This does not change the problem, whose
penalty is the same in all directions, but makes the Hessian of a class nearly diagonal: if a fraction
of the images is inside the margin, it is about that fraction of all images' variances. L-BFGS starts
from this scaling. For w = 0 it is exact, and the first step is ridge regression.
"""

from collections import deque
from functools import partial

import numpy as np
import torch

from pipeline_lib.common.batches import Batches, memory_errors
from pipeline_lib.common.machine import default_device
from pipeline_lib.svm.line_search import dot, minimum_along, objective_of
from pipeline_lib.svm.newton import newton, newton_work
from pipeline_lib.svm.problem import TOLERANCE, Solution, check

_STEPS = 2000
_MEMORY = 10  # steps that L-BFGS remembers
_DROP = 1 / 8  # classes are removed from the batch once this fraction of it has converged
_ALL = 1 << 30  # classes in a batch: all of them, unless the memory is too small
_RANK = 1e-12  # axes with less than this fraction of the largest variance are dropped


class BatchedSolver:
    """Solves any number of problems that share their features, (n, d) float32.

    Classes are solved in smaller groups where they do not fit the memory together; the features must.
    Raises InputError for features that do not, or are not finite.
    """

    def __init__(self, features: np.ndarray, device: torch.device | None = None) -> None:
        check(features)
        self._device = device or default_device()
        self._batches = Batches(_ALL, self._device, "class")
        what = "an SVM of {:,} x {:,} features".format(*features.shape)
        with memory_errors(what, self._device, "set transfer.solver to liblinear"):
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

        ``start`` is where to begin, by default zero. A class has converged when the estimated distance
        of its objective from the minimum (see ``_minimise``; right within a factor of about three) is
        below ``tolerance`` times the objective. Newton's method finishes the classes for which it is
        estimated to be faster. Raises InputError for a class without examples.
        """
        check(self._x, targets)
        work = partial(self._solve, targets, cost, start, tolerance)
        parts = zip(*self._batches.run(work, targets.shape[1]), strict=True)
        weights, objective = map(np.concatenate, parts)
        return Solution(weights[:, :-1].copy(), weights[:, -1].copy(), objective)

    def _solve(
        self,
        targets: np.ndarray,
        cost: float,
        start: Solution | None,
        tolerance: float,
        classes: slice,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the weights (m, d + 1), the bias last, and the objective of some of the ``classes``."""
        columns = np.ascontiguousarray(targets[:, classes].T)
        t = torch.from_numpy(columns).to(self._device).float()
        w = torch.zeros((len(t), self._x.shape[1]), device=self._device)
        if start is not None:
            given = np.concatenate([start.weights, start.bias[:, None]], axis=1)[classes]
            w = torch.from_numpy(given).to(self._device) @ self._axes
        with _ExactProducts():
            w, converged = _minimise(self._x, t, w, cost, tolerance)
            hard = ~converged
            if hard.any():
                exact = (tensor.double() for tensor in (self._x, t[hard], w[hard]))
                w[hard] = newton(*exact, cost, tolerance).float()
            reached = objective_of(w, _margins(self._x, t, w), cost)
            return (w @ self._axes.T).cpu().numpy(), reached.cpu().numpy()


class _ExactProducts:
    """Makes a GPU multiply float32 at full precision, not in TF32 or bfloat16."""

    def __enter__(self) -> None:
        self._before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")

    def __exit__(self, *_: object) -> None:
        torch.set_float32_matmul_precision(self._before)


class _Memory:
    """The last steps (k, r) and changes of the gradient: L-BFGS's model of the curvature."""

    def __init__(self) -> None:
        self._pairs: deque[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = deque(maxlen=_MEMORY)

    def add(self, step: torch.Tensor, change: torch.Tensor) -> None:
        """Add a step and its change of the gradient; a step of zero has no effect."""
        product = dot(step, change)
        self._pairs.append((step, change, torch.where(product > 0, 1 / product, 0)))

    def keep(self, rows: torch.Tensor) -> None:
        """Keep only these rows."""
        pairs = [tuple(tensor[rows] for tensor in pair) for pair in self._pairs]
        self._pairs = deque(pairs, maxlen=_MEMORY)

    def forget(self, rows: torch.Tensor) -> None:
        """Remove all steps of the rows where the (k,) mask is true."""
        for *_, scale in self._pairs:
            scale[rows] = 0

    def smallest_curvature(self, diagonal: torch.Tensor) -> torch.Tensor | float:
        """Return the smallest curvature (k,) along a stored step, as a fraction of the diagonal's."""
        ratios = [
            torch.where(scale > 0, 1 / (scale * dot(step, diagonal * step)), 1)
            for step, _, scale in self._pairs
        ]
        return torch.stack(ratios).amin(0).clamp(max=1) if ratios else 1.0

    def solve(self, gradient: torch.Tensor, diagonal: torch.Tensor) -> torch.Tensor:
        """Return the estimated inverse Hessian times ``gradient``; it starts from ``diagonal``."""
        rest, weights = gradient.clone(), []
        for step, change, scale in reversed(self._pairs):
            weight = (scale * dot(step, rest))[:, None]
            rest.addcmul_(weight, change, value=-1)
            weights.append(weight)
        rest /= diagonal
        for (step, change, scale), weight in zip(self._pairs, reversed(weights), strict=True):
            rest.addcmul_(weight - (scale * dot(change, rest))[:, None], step)
        return rest


def _principal_axes(x: torch.Tensor) -> torch.Tensor:
    """Return (d, r) orthonormal axes of the row space of (n, d), from the smaller Gram matrix."""
    x = x.double()  # with repeated images, float32's rounding errors would look like further axes
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
    """Return improved ``weights`` (k, r), and a (k,) mask of the classes that have converged.

    The distance of a class from its minimum is half the squared gradient in the inverse Hessian's
    metric. The diagonal, scaled down to the smallest curvature of the stored steps, approximates the
    Hessian. But m images curve the objective in at most m directions. If the diagonal has more,
    effectively ``crowding`` m, only the penalty curves the others, and the share that a random gradient
    has in those directions counts in full.
    """
    result = weights.clone()
    converged = torch.zeros(len(targets), dtype=torch.bool, device=x.device)
    batch = torch.arange(len(targets), device=x.device)  # the classes that are still solved
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
        scaled = dot(gradient, gradient / diagonal) / memory.smallest_curvature(diagonal)
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
                tensor[stay] for tensor in (targets, weights, margins, reached)
            )
            gradient, diagonal, stuck, given_up = (
                tensor[stay] for tensor in (gradient, diagonal, stuck, given_up)
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
        given_up = given_up | (stuck & ~better[:, 0])  # for the second time, with an empty memory
        stuck = ~better[:, 0]
        memory.forget(stuck)
    result[batch] = weights
    return result, converged


def _margins(x: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return how far, (k, n), each image is inside the margin; zero if it is not in the problem."""
    return targets.abs() - targets * (weights @ x.T)
