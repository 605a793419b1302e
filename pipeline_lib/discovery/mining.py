"""Detectors of concepts from images whose captions have a phrase or not, by hard mining.

Captions are weak labels: they leave out what is there and name what is not. As in ConceptLearner (Zhou,
Jagadeesh and Piramuthu, CVPR 2015), which the paper follows for its Figure 10, a linear SVM is
trained again and again, on other images each time:

1. Positives are the images with the phrase, negatives as many random ones without it.
2. A linear SVM is fitted to them and scores all images.
3. Positives become those of the images with the phrase that score highest, ``Recipe.keep`` of them.
   Negatives outside the margin (a decision value of -1 or less) are dropped: they are easy, and the
   SVM is the same without them. As many as there are images with the phrase are added, the highest
   scoring of all others inside the margin.
4. It ends when a round changes neither, or after ``Recipe.rounds`` rounds.

The paper gives no numbers for this; they are this project's choices and parameters. Where no
positive is dropped and it ends by itself, the SVM is that of all images: no other negative is inside
its margin.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline_lib.discovery.unit_features import UnitFeatures
from pipeline_lib.svm.liblinear import LiblinearSolver
from pipeline_lib.svm.metrics import AVERAGE_PRECISION
from pipeline_lib.svm.problem import Solution
from pipeline_lib.svm.selection import stratified_folds, validate


@dataclass(frozen=True)
class Recipe:
    """``keep``: part of the images with the phrase that stay positives. ``most``: of positives, and of
    negatives, at once; which of more images with the phrase are taken is drawn. ``cost``: the SVM's
    C, of features of unit length. ``folds``: of the cross-validation.
    """

    keep: float = 0.8
    rounds: int = 10
    most: int = 2000
    cost: float = 10.0
    folds: int = 3
    seed: int = 0


@dataclass
class Mined:
    """A concept's detector: the SVM, the sorted rows it was last trained on, and how it got there.

    ``phrase`` are the rows with the phrase that positives are chosen from. ``first`` is the SVM before
    any mining, of random negatives. ``settled`` tells whether mining ended by itself.
    """

    phrase: np.ndarray
    positives: np.ndarray
    negatives: np.ndarray
    first: Solution | None = None
    solution: Solution | None = None
    rounds: int = 0
    settled: bool = False


def mine(features: UnitFeatures, rows: np.ndarray, has: np.ndarray, recipe: Recipe) -> list[Mined]:
    """Return a detector for each of k concepts, from the images ``rows`` (m,) sorted alone.

    ``has`` (n, k) bool says which images have which phrase; of each, ``rows`` must have one that
    has it and one that has not. A round reads the features once for all concepts.
    """
    found = [_start(rows, column, recipe) for column in has.T]
    for _ in range(recipe.rounds):
        open_ones = [index for index, one in enumerate(found) if not one.settled]
        if not open_ones:
            break
        for index in open_ones:
            found[index].solution = _fit(features, found[index], recipe.cost)
            found[index].first = found[index].first or found[index].solution
        values = features.decide(stacked([found[index].solution for index in open_ones]))
        for index, scores in zip(open_ones, values.T, strict=True):
            _choose_anew(found[index], scores, rows[~has[rows, index]], recipe)
    return found


def stacked(solutions: Sequence[Solution]) -> Solution:
    """Return the SVMs of several concepts as one of as many classes."""
    parts = ("weights", "bias", "objective")
    return Solution(*(np.concatenate([getattr(one, part) for one in solutions]) for part in parts))


def told_apart(features: UnitFeatures, one: Mined, others: np.ndarray, recipe: Recipe) -> float:
    """Return by how much a concept can be told from images without its phrase, before any mining.

    The average precision in cross-validation on the images with the phrase and as many of the
    ``others`` (sorted rows) as the recipe allows, less the part of them that has the phrase: what
    chance gets. Phrases of what cannot be seen come to about zero. NaN where
    there are fewer images with the phrase than folds.
    """
    if min(len(one.phrase), len(others)) < recipe.folds:
        return float("nan")
    rng = np.random.default_rng(recipe.seed)
    against = np.sort(rng.permutation(others)[: recipe.most])
    values, targets = _examples(features, one.phrase, against)
    folds = stratified_folds(targets, recipe.folds, AVERAGE_PRECISION, recipe.seed)
    solver = LiblinearSolver(values)
    scores = validate(solver, values, targets, folds, (recipe.cost,), AVERAGE_PRECISION)
    return scores[recipe.cost] - len(one.phrase) / len(targets)


def _start(rows: np.ndarray, has: np.ndarray, recipe: Recipe) -> Mined:
    rng = np.random.default_rng(recipe.seed)  # of its own: whatever the other concepts are
    phrase = np.sort(rng.permutation(rows[has[rows]])[: recipe.most])
    negatives = np.sort(rng.permutation(rows[~has[rows]])[: len(phrase)])
    return Mined(phrase, phrase, negatives)


def _choose_anew(one: Mined, scores: np.ndarray, others: np.ndarray, recipe: Recipe) -> None:
    """Choose the next round's images, if there is one, by the (n,) scores of this one's SVM."""
    kept = int(np.ceil(recipe.keep * len(one.phrase)))
    positives = np.sort(_highest(one.phrase, scores, kept))
    hard = one.negatives[scores[one.negatives] > -1]
    new = np.setdiff1d(others[scores[others] > -1], one.negatives)
    hard = np.concatenate([hard, _highest(new, scores, len(one.phrase))])
    negatives = np.sort(_highest(hard, scores, recipe.most))
    if not len(negatives):  # an SVM needs one, and the hardest says most
        negatives = _highest(others, scores, 1)
    one.rounds += 1
    same = np.array_equal(positives, one.positives) and np.array_equal(negatives, one.negatives)
    if same or one.rounds == recipe.rounds:
        one.settled = same
    else:
        one.positives, one.negatives = positives, negatives


def _highest(rows: np.ndarray, scores: np.ndarray, count: int) -> np.ndarray:
    return rows[np.argsort(-scores[rows], kind="stable")[:count]]


def _fit(features: UnitFeatures, one: Mined, cost: float) -> Solution:
    values, targets = _examples(features, one.positives, one.negatives)
    return LiblinearSolver(values).solve(targets, cost)


def _examples(
    features: UnitFeatures, positives: np.ndarray, negatives: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The features of both, and their targets (m, 1) int8."""
    targets = np.repeat(np.array([1, -1], np.int8), (len(positives), len(negatives)))
    return features.rows(np.concatenate([positives, negatives])), targets[:, None]
