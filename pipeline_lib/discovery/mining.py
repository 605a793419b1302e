"""Detectors of concepts by hard mining, from images whose captions have a phrase or not.

Captions are weak labels: they omit things that are in the image and name things that are not. As in
ConceptLearner (Zhou, Jagadeesh and Piramuthu, CVPR 2015), which the paper follows for its Figure 10, a
linear SVM is trained in rounds, on other images each time:

1. Positives are the images with the phrase, negatives as many random ones without it.
2. A linear SVM is fitted to them and scores all images.
3. The new positives are the highest scoring ``keep_fraction`` of the images with the phrase. Negatives
   outside the margin (a decision value of -1 or less) are dropped: they are easy, and the SVM is the
   same without them. The highest scoring other images inside the margin become negatives, as many as
   there are images with the phrase.
4. Mining ends when a round changes neither set, or after ``rounds`` rounds.

The paper gives no numbers; they are this project's choices (``MiningConfig``). If no positive is
dropped and mining ends by itself, the SVM is that of all images: no other negative is in its margin.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline_lib.common.processes import run_in_processes
from pipeline_lib.discovery.unit_features import UnitFeatures
from pipeline_lib.study.configuration.discovery import MiningConfig
from pipeline_lib.svm.cross_validation import cross_validate, stratified_folds
from pipeline_lib.svm.liblinear import LiblinearSolver
from pipeline_lib.svm.metrics import AVERAGE_PRECISION
from pipeline_lib.svm.problem import Solution


@dataclass
class ConceptDetector:
    """A concept's SVM, the sorted rows it was last trained on, and how it was mined.

    ``with_phrase`` are the rows with the phrase that positives are chosen from. ``before_mining`` is
    the SVM of the first round, with random negatives. ``converged``: mining ended by itself.
    """

    with_phrase: np.ndarray
    positives: np.ndarray
    negatives: np.ndarray
    before_mining: Solution | None = None
    solution: Solution | None = None
    rounds: int = 0
    converged: bool = False


def mine_detectors(
    features: UnitFeatures,
    rows: np.ndarray,
    has_phrase: np.ndarray,
    config: MiningConfig,
    processes: int = 1,
) -> list[ConceptDetector]:
    """Return a detector for each of k concepts, trained on the images ``rows`` (m,), sorted, alone.

    ``has_phrase`` (n, k) bool: which images have which phrase. For each phrase, ``rows`` needs an image
    with it and one without. A round reads all features once, for all concepts; ``processes`` share its
    SVMs, with the same result.
    """
    detectors = [_start(rows, column, config) for column in has_phrase.T]
    for _ in range(config.rounds):
        unfinished = [k for k, detector in enumerate(detectors) if not detector.converged]
        if not unfinished:
            break
        examples = (
            (*_examples(features, detectors[k].positives, detectors[k].negatives), config.cost)
            for k in unfinished
        )
        solutions = run_in_processes(_fit, examples, min(processes, len(unfinished)))
        for k, solution in zip(unfinished, solutions, strict=True):
            detectors[k].solution = solution
            detectors[k].before_mining = detectors[k].before_mining or solution
        values = features.decide(stack_solutions([detectors[k].solution for k in unfinished]))
        for k, scores in zip(unfinished, values.T, strict=True):
            _update_examples(detectors[k], scores, rows[~has_phrase[rows, k]], config)
    return detectors


def stack_solutions(solutions: Sequence[Solution]) -> Solution:
    """Return the SVMs of several concepts as one SVM with as many classes."""
    names = ("weights", "bias", "objective")
    stacked = (np.concatenate([getattr(svm, name) for svm in solutions]) for name in names)
    return Solution(*stacked)


def separabilities(
    features: UnitFeatures,
    detectors: Sequence[ConceptDetector],
    rows: np.ndarray,
    has_phrase: np.ndarray,
    config: MiningConfig,
    processes: int = 1,
) -> list[float]:
    """Return how separable each concept is from images without its phrase, before any mining.

    This is the cross-validated average precision on the images with the phrase and at most
    ``max_examples`` of the sorted ``rows`` without it, minus the fraction of them that has the phrase:
    the precision of chance. It is about zero for phrases of what is not visible, and NaN for fewer
    images with the phrase, or without, than folds. ``has_phrase`` and ``processes`` are as for
    ``mine_detectors``.
    """

    def examples() -> Iterator[tuple]:
        for detector, column in zip(detectors, has_phrase.T, strict=True):
            rng = np.random.default_rng(config.seed)
            without = rng.permutation(rows[~column[rows]])[: config.max_examples]
            yield (*_examples(features, detector.with_phrase, np.sort(without)), config)

    return list(run_in_processes(_separability, examples(), min(processes, len(detectors))))


def _separability(values: np.ndarray, targets: np.ndarray, config: MiningConfig) -> float:
    positive = int((targets == 1).sum())
    if min(positive, len(targets) - positive) < config.folds:
        return float("nan")
    folds = stratified_folds(targets, config.folds, AVERAGE_PRECISION, config.seed)
    solver = LiblinearSolver(values)
    scores = cross_validate(solver, values, targets, folds, (config.cost,), AVERAGE_PRECISION)
    return scores[config.cost] - positive / len(targets)


def _start(rows: np.ndarray, has_phrase: np.ndarray, config: MiningConfig) -> ConceptDetector:
    rng = np.random.default_rng(config.seed)  # one per concept: independent of the other concepts
    with_phrase = np.sort(rng.permutation(rows[has_phrase[rows]])[: config.max_examples])
    negatives = np.sort(rng.permutation(rows[~has_phrase[rows]])[: len(with_phrase)])
    return ConceptDetector(with_phrase, with_phrase, negatives)


def _update_examples(
    detector: ConceptDetector, scores: np.ndarray, without_phrase: np.ndarray, config: MiningConfig
) -> None:
    """Choose the next round's images, if there is one, by the (n,) scores of this round's SVM."""
    n_positives = int(np.ceil(config.keep_fraction * len(detector.with_phrase)))
    positives = np.sort(_highest(detector.with_phrase, scores, n_positives))
    hard = detector.negatives[scores[detector.negatives] > -1]
    new = np.setdiff1d(without_phrase[scores[without_phrase] > -1], detector.negatives)
    hard = np.concatenate([hard, _highest(new, scores, len(detector.with_phrase))])
    negatives = np.sort(_highest(hard, scores, config.max_examples))
    if not len(negatives):  # an SVM needs one: the hardest
        negatives = _highest(without_phrase, scores, 1)
    detector.rounds += 1
    unchanged = np.array_equal(positives, detector.positives) and np.array_equal(
        negatives, detector.negatives
    )
    if unchanged or detector.rounds == config.rounds:
        detector.converged = unchanged
    else:
        detector.positives, detector.negatives = positives, negatives


def _highest(rows: np.ndarray, scores: np.ndarray, count: int) -> np.ndarray:
    return rows[np.argsort(-scores[rows], kind="stable")[:count]]


def _fit(values: np.ndarray, targets: np.ndarray, cost: float) -> Solution:
    return LiblinearSolver(values).solve(targets, cost)


def _examples(
    features: UnitFeatures, positives: np.ndarray, negatives: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the features of positives and negatives, and their targets (m, 1) int8."""
    targets = np.repeat(np.array([1, -1], np.int8), (len(positives), len(negatives)))
    return features.rows(np.concatenate([positives, negatives])), targets[:, None]
