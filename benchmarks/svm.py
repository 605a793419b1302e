"""Speed of the batched SVM solver against LinearSVC and liblinear-multicore.

The features are synthetic but like those of a GAP network: means over positions of rectified units,
with GoogLeNet-GAP's mean length of 85. liblinear solves one class at a time, so it is timed on a few
random classes and its time is multiplied; ours, with its preparation, is timed on all. Each repetition
times all solvers in turn, and the ratios are medians over repetitions.
"""

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from pipeline_lib.svm.batched import BatchedSolver
from pipeline_lib.svm.problem import objective, one_vs_rest

SIZES = (
    (5994, 1024, 200),
    (19850, 1024, 397),
)  # CUB-200-2011 and SUN397: images, features, classes
QUICK = ((600, 128, 20),)
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
    try:
        from liblinear.liblinear import problem
        from liblinear.liblinearutil import train
    except ImportError:
        raise SystemExit("pip install liblinear-multicore, or give --only-linearsvc") from None
    multicore_problem = problem(np.zeros(len(features)), csr_matrix(features.astype(np.float64)))

    def fit(targets: np.ndarray, cost: float) -> Weights:
        np.ctypeslib.as_array(multicore_problem.y, (len(targets),))[:] = targets
        model = train(multicore_problem, f"-s 2 -m {threads} -B 1 -e 1e-4 -c {cost} -q")
        weights, bias = model.get_decfun()
        # The class of the first example is liblinear's positive one.
        sign = 1 if model.get_labels()[0] == 1 else -1
        return sign * np.array(weights), sign * bias

    return fit


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--device", help="device of ours; by default a GPU if there is one")
    parser.add_argument(
        "--threads", type=int, default=2, help="CPU threads of ours and of liblinear-multicore"
    )
    parser.add_argument("--classes", type=int, default=10, help="classes that the others solve")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--costs",
        type=float,
        nargs="+",
        default=(1, 10, 100),
        help="values of C, for features of unit length",
    )
    parser.add_argument("--only-linearsvc", action="store_true")
    parser.add_argument("--quick", action="store_true", help="a small problem, to try it out")
    return parser


def compare(size: tuple[int, int, int], cost: float, arguments: argparse.Namespace) -> list[dict]:
    """Time the solvers on features of unit length; return a row for each solver but ours."""
    n, d, k = size
    features, labels = gap_features(n, d, k)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    targets = one_vs_rest(labels, k)
    device = torch.device(arguments.device) if arguments.device else None
    others = {"LinearSVC": linear_svc}
    if not arguments.only_linearsvc:
        others["liblinear-multicore"] = partial(liblinear_multicore, threads=arguments.threads)
    chosen = np.random.default_rng(1).choice(k, min(k, arguments.classes), replace=False)
    seconds: dict[str, list[float]] = {name: [] for name in ("ours", *others)}
    gaps = {}
    for _ in range(arguments.repeats):
        started = time.perf_counter()
        solution = BatchedSolver(features, device).solve(targets, cost)
        seconds["ours"].append(time.perf_counter() - started)
        ours = objective(solution.weights, solution.bias, features, targets, cost)[chosen]
        for name, prepare in others.items():
            began = time.perf_counter()
            fit = prepare(features)
            started = time.perf_counter()
            solutions = [fit(targets[:, c], cost) for c in chosen]
            of_all = (time.perf_counter() - started) * k / len(chosen)
            seconds[name].append(started - began + of_all)
            weights, bias = np.array([w for w, _ in solutions]), np.array([b for _, b in solutions])
            theirs = objective(weights, bias, features, targets[:, chosen], cost)
            gaps[name] = (ours / theirs - 1).max()
    return [
        {
            "problem": f"{n:,} x {d:,} x {k}",
            "C": cost,
            "against": name,
            "theirs, s": statistics.median(seconds[name]),
            "ours, s": statistics.median(seconds["ours"]),
            "times faster": statistics.median(
                theirs / ours for theirs, ours in zip(seconds[name], seconds["ours"], strict=True)
            ),
            "objective above theirs": f"{gaps[name]:.1e}",
        }
        for name in others
    ]


def main() -> int:
    """Print a Markdown table, problem by problem."""
    arguments = make_parser().parse_args()
    torch.set_num_threads(arguments.threads)
    rows = []
    for size in QUICK if arguments.quick else SIZES:
        for cost in arguments.costs:
            rows += compare(size, cost, arguments)
            print(rows[-1], file=sys.stderr)
    print(f"Theirs: {arguments.classes} random classes, multiplied to all.\n")
    print(pd.DataFrame(rows).to_markdown(index=False, floatfmt=".3g"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
