"""Concepts from captioned images: detectors are mined on some images and rank the held-out others."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.discovery.concept_tables import rank_images, tabulate_concepts
from pipeline_lib.discovery.mining import mine_detectors, separabilities, stack_solutions
from pipeline_lib.discovery.phrases import clean_phrases, mine_phrases, phrase_matrix
from pipeline_lib.discovery.unit_features import UnitFeatures
from pipeline_lib.features.cache import Features
from pipeline_lib.study.configuration.discovery import ConceptsSection
from pipeline_lib.svm.classifier import LinearClassifier
from pipeline_lib.svm.problem import Solution


@dataclass(frozen=True)
class Split:
    """The sorted rows of the images to mine and of the held-out ones."""

    mined: np.ndarray
    held_out: np.ndarray


@dataclass(frozen=True)
class DiscoveredConcepts:
    """The tables of ``concept_tables``, and the detectors as a classifier with a class per concept."""

    table: pd.DataFrame
    ranking: pd.DataFrame
    classifier: LinearClassifier


def discover_concepts(
    features: Features, captions: list[list[str]], config: ConceptsSection, processes: int = 1
) -> DiscoveredConcepts:
    """Mine a detector for each concept, and rank the held-out images by it.

    ``captions`` are those of each image of ``features``. The concepts are ``config.phrases``; without
    them, phrases are mined from the captions, and the most separable concepts come first. Captions of
    held-out images are used for the measures alone. ``processes`` share the SVMs. Raises InputError as
    the functions below.
    """
    split = split_images(len(captions), config.held_out_fraction, config.seed)
    phrases = clean_phrases(config.phrases or []) or mine_phrases(
        [captions[row] for row in split.mined],
        max_words=config.max_words,
        min_images=config.min_images,
        count=config.count,
    )
    has_phrase = phrase_matrix(captions, phrases)
    check_phrases(phrases, has_phrase, split)
    unit_features = UnitFeatures(features.mapped())
    detectors = mine_detectors(unit_features, split.mined, has_phrase, config, processes)
    separable = separabilities(unit_features, detectors, split.mined, has_phrase, config, processes)
    solution = stack_solutions([detector.solution for detector in detectors])
    before_mining = stack_solutions([detector.before_mining for detector in detectors])
    values = unit_features.decide(solution)
    table = tabulate_concepts(
        phrases,
        detectors,
        separable,
        values,
        unit_features.decide(before_mining),
        has_phrase,
        split.held_out,
    )
    if not config.phrases:
        table = table.sort_values("separability", ascending=False, kind="stable")
    table["shown"] = np.arange(len(table)) < config.show
    ranking = rank_images(phrases, features.image_id, values, has_phrase, split.held_out)
    return DiscoveredConcepts(table, ranking, _classifier(phrases, solution, features, config.cost))


def split_images(images: int, held_out_fraction: float, seed: int) -> Split:
    """Hold out a random fraction of n images. Raises InputError if a subset would be empty."""
    count = round(held_out_fraction * images)
    if not 0 < count < images:
        raise InputError(
            f"{images} captioned images: too few to hold out {held_out_fraction:g} of them; "
            "add images"
        )
    order = np.random.default_rng(seed).permutation(images)
    return Split(np.sort(order[count:]), np.sort(order[:count]))


def check_phrases(phrases: list[str], has_phrase: np.ndarray, split: Split) -> None:
    """Raise InputError for a phrase of none, or of all, of the images to mine.

    ``has_phrase`` is (n, k) bool.
    """
    for phrase, column in zip(phrases, has_phrase.T, strict=True):
        count = int(column[split.mined].sum())
        if count in (0, len(split.mined)):
            which = "none" if count == 0 else "every one"
            raise InputError(
                f"concepts.phrases: '{phrase}' is in the captions of {which} of the "
                f"{len(split.mined)} images to mine; leave it out or choose another concepts.seed"
            )


def _classifier(
    phrases: list[str], solution: Solution, features: Features, cost: float
) -> LinearClassifier:
    return LinearClassifier(
        weights=solution.weights,
        bias=solution.bias,
        objective=solution.objective,
        classes=phrases,
        cost=cost,
        normalised=True,
        network=features.network,
        features=features.fingerprint,
        split="mined",
    )
