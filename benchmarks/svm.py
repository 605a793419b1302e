"""The SVMs of all classes, against LinearSVC and, where it is installed, liblinear-multicore.

The features are synthetic but like those of a GAP network: means over positions of rectified units,
with GoogLeNet-GAP's mean length of 85. liblinear solves one class at a time, so it is timed on a few
random classes and its time is multiplied; ours, with its preparation, is timed on all.
"""

import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec

import numpy as np
import torch
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from benchmarks.harness import Measured
from pipeline_lib.svm.batched import BatchedSolver
from pipeline_lib.svm.problem import objective, one_vs_rest

SIZES = ((5994, 1024, 200), (19850, 1024, 397))  # CUB-200-2011, SUN397: images, features, classes
QUICK = ((600, 128, 20),)
COSTS = (1, 10, 100)  # for features of unit length
TIMED = 2  # classes that the others solve
POSITIONS, CODE, LENGTH = 16, 128, 85.0
Weights = tuple[np.ndarray, float]
Fit = Callable[[np.ndarray, float], Weights]  # from the targets of a class and a cost


def gap_features(n: int, d: int, k: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw (n, d) float32 features of images of k classes, and the (n,) labels."""
    rng = np.random.default_rng(seed)
    basis = rng.normal(size=(CODE, d)) * (np.arange(1, CODE + 1) ** -0.4)[:, None]
    basis = (basis / np.linalg.norm(basis, axis=0)).astype(np.float32)
    labels = rng.permutation(np.arange(n) % k)
    codes = 0.35 * rng.normal(size=(k, CODE))[labels] + 0.8 * rng.normal(size=(n, CODE))
    shared = codes.astype(np.float32) @ basis - 0.7
    features = np.zeros((n, d), np.float32)
    for _ in range(POSITIONS):
        local = 0.9 * rng.standard_normal((n, CODE), np.float32) @ basis
        noise = 0.3 * rng.standard_normal((n, d), np.float32)
        features += np.maximum(0, shared + local + noise)
    features *= rng.gamma(4, 0.25, size=d).astype(np.float32)
    return features * (LENGTH / np.linalg.norm(features, axis=1).mean()), labels


def linear_svc(features: np.ndarray) -> Fit:
    """scikit-learn's LinearSVC with its defaults."""

    def fit(targets: np.ndarray, cost: float) -> Weights:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # it warns if it did not converge; the gap shows that too
            model = LinearSVC(C=cost).fit(features, targets)
        return model.coef_[0], model.intercept_[0]

    return fit


def liblinear_multicore(features: np.ndarray, threads: int) -> Fit:
    """liblinear's own parallel version, with the tolerance of LinearSVC, its input converted once."""
    from liblinear.liblinear import problem
    from liblinear.liblinearutil import train

    multicore_problem = problem(np.zeros(len(features)), csr_matrix(features.astype(np.float64)))

    def fit(targets: np.ndarray, cost: float) -> Weights:
        np.ctypeslib.as_array(multicore_problem.y, (len(targets),))[:] = targets
        model = train(multicore_problem, f"-s 2 -m {threads} -B 1 -e 1e-4 -c {cost} -q")
        weights, bias = model.get_decfun()
        # The class of the first example is liblinear's positive one.
        sign = 1 if model.get_labels()[0] == 1 else -1
        return sign * np.array(weights), sign * bias

    return fit


def measure(repeats: int, quick: bool) -> Iterator[Measured]:
    """Yield a line for each problem, cost and peer; large problems are repeated three times at most."""
    peers = {"LinearSVC": (linear_svc, 14)}
    if find_spec("liblinear"):
        threads = torch.get_num_threads()
        peers["liblinear-multicore"] = (partial(liblinear_multicore, threads=threads), 10)
    for size in QUICK if quick else SIZES:
        for cost in COSTS[:1] if quick else COSTS:
            yield from _measured(size, cost, peers, min(repeats, 3))


def _measured(
    size: tuple[int, int, int], cost: float, peers: dict, repeats: int
) -> Iterator[Measured]:
    n, d, k = size
    features, labels = gap_features(n, d, k)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    targets = one_vs_rest(labels, k)
    chosen = np.random.default_rng(1).choice(k, TIMED, replace=False)
    seconds: dict[str, list[float]] = {name: [] for name in ("ours", *peers)}
    gaps = {}
    for _ in range(repeats):
        started = time.perf_counter()
        solution = BatchedSolver(features).solve(targets, cost)
        seconds["ours"].append(time.perf_counter() - started)
        ours = objective(solution.weights, solution.bias, features, targets, cost)[chosen]
        for name, (prepare, _aim) in peers.items():
            began = time.perf_counter()
            fit = prepare(features)
            started = time.perf_counter()
            solutions = [fit(targets[:, c], cost) for c in chosen]
            of_all = (time.perf_counter() - started) * k / len(chosen)
            seconds[name].append(started - began + of_all)
            weights, bias = np.array([w for w, _ in solutions]), np.array([b for _, b in solutions])
            theirs = objective(weights, bias, features, targets[:, chosen], cost)
            gaps[name] = (ours / theirs - 1).max()
    for name, (_, aim) in peers.items():
        ratios = [other / own for own, other in zip(seconds["ours"], seconds[name], strict=True)]
        yield Measured(
            what=f"SVMs of {k} classes, {n:,} x {d:,}, C = {cost}",
            peer=f"{name}, {TIMED} classes times {k / TIMED:g}",
            ours=k / statistics.median(seconds["ours"]), theirs=k / statistics.median(seconds[name]),
            unit="classes/s", ratio=statistics.median(ratios), low=min(ratios), high=max(ratios),
            aim=aim, same=f"our objective {gaps[name]:+.0e} of theirs",
        )  # fmt: skip
