"""Scenes, concepts, text and questions (paper, section 4.2)."""

from typing import Annotated, Literal

from annotated_types import Ge, MinLen

from pipeline_lib.study.configuration.section import Section, setting
from pipeline_lib.study.configuration.transfer import Choice

PAPER_SCENES = [  # of the paper's supplement
    *("bathroom", "bedroom", "building_facade", "dining_room", "highway"),
    *("kitchen", "living_room", "mountain_snowy", "skyscraper", "street"),
]


class DiscoverySection(Section):
    """Which experiments of section 4.2 the study has."""

    sets: Choice | list[str] = setting(
        "present",
        "Experiments (scenes, concepts, text, vqa): 'present' if their images are in data_root, "
        "'all' (refuse if one is missing), or names.",
    )


class ScenesSection(Section):
    """Figure 9: objects that the class maps of scenes highlight."""

    categories: Annotated[list[str], MinLen(2)] | Annotated[int, Ge(2)] = setting(
        PAPER_SCENES,
        "Categories of SUN2012: names, by default the paper's ten; or how many of the largest ones.",
    )
    min_images: int = setting(
        200, "Minimum number of fully annotated images in a category.", "images", ge=1
    )
    coverage: float = setting(
        0.8,
        "An image counts as fully annotated if its objects cover this much of it. The paper does not "
        "say.",
        "fraction of the image",
        ge=0,
        le=1,
    )
    short_polygons: Literal["refuse", "skip"] = setting(
        "refuse",
        "Polygons of fewer than three points: 'refuse' the annotation, or 'skip' and count them.",
    )
    threshold: float = setting(
        0.2, "What is above it counts as highlighted.", "fraction of the map's maximum", ge=0, lt=1
    )
    min_overlap_fraction: float = setting(
        0.25,
        "Minimum fraction of an object inside the highlighted region to count as overlap; 0: any "
        "cell. The paper does not say.",
        "fraction of the object",
        ge=0,
        le=1,
    )
    min_overlap_rate: float = setting(
        0.1,
        "Minimum fraction of a category's images in which an object overlaps, to be ranked by lift.",
        "fraction of the images",
        ge=0,
        le=1,
    )
    grid: int = setting(
        56, "Cells per side of the grid that overlaps are counted on.", "cells", ge=1
    )
    draws: int = setting(1000, "Bootstrap draws of the intervals.", ge=1)


class MiningConfig(Section):
    """Hard mining of concept detectors, after ConceptLearner (protocol, section 5)."""

    keep_fraction: float = setting(
        0.8,
        "Images with the phrase that stay positives, the highest scoring.",
        "fraction",
        gt=0,
        le=1,
    )
    rounds: int = setting(10, "Maximum number of rounds of hard mining.", ge=1)
    max_examples: int = setting(
        2000, "Maximum number of positives, and of negatives, of a concept.", "images", ge=1
    )
    cost: float = setting(10.0, "C of the SVMs, on features of unit length.", gt=0)
    folds: int = setting(
        3, "Folds of the cross-validation that measures how separable a concept is.", ge=2
    )
    seed: int = setting(0, "Random seed of the held-out images and of the first negatives.", ge=0)


class ConceptsSection(MiningConfig):
    """Figure 10: concepts from captions."""

    captions: str | None = setting(
        None,
        "File of lines image<TAB>caption, paths relative to its folder; without it, COCO's captions.",
    )
    phrases: list[str] | None = setting(
        None, "The concepts; without it, phrases are mined from the captions.", min_length=1
    )
    count: int = setting(100, "Number of concepts to mine.", ge=1)
    max_words: int = setting(3, "Maximum number of words in a mined phrase.", "words", ge=1)
    min_images: int = setting(
        50, "Minimum number of training images whose captions have a mined phrase.", "images", ge=1
    )
    held_out_fraction: float = setting(
        0.4, "Images that no detector is trained on and that are ranked.", "fraction", gt=0, lt=1
    )
    show: int = setting(6, "Concepts shown in Figure 10.", ge=1)
    pictures: int = setting(5, "Images shown for each concept.", "images", ge=1, le=10)
    clip: str | None = setting(
        None,
        "Also rank by CLIP, without mining, and find text by it: its name in open_clip, with the tag of "
        "published weights, for example ViT-B-16.laion2b_s34b_b88k; or a file of that name in "
        "data_root/weights.",
    )


class TextSection(Section):
    """Figure 11: text regions. It has no keys."""


class VqaConfig(Section):
    """Figure 12: the bag-of-words baseline; defaults of the released code (protocol, 5)."""

    min_word_count: int = setting(
        6, "Minimum training occurrences for a word to enter the vocabulary.", ge=1
    )
    min_answer_count: int = setting(
        3, "Minimum training occurrences for an answer to become a class.", ge=1
    )
    max_words: int = setting(50, "Maximum number of words read from a question.", "words", ge=1)
    held_out_fraction: float = setting(
        0.1, "Training images that the best epoch is chosen on.", "fraction", gt=0, lt=1
    )
    epochs: int = setting(100, "Passes over the training questions.", "epochs", ge=1)
    width: int = setting(1024, "Outputs of the word layer.", ge=1)
    batch: int = setting(100, "Questions in one optimizer step.", "questions", ge=1)
    word_rate: float = setting(0.8, "Learning rate of the word layer.", gt=0)
    answer_rate: float = setting(0.01, "Learning rate of the answer layer.", gt=0)
    seed: int = setting(0, "Random seed of the held-out images, weights and order.", ge=0)
