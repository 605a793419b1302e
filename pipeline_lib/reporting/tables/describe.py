"""Sentences on what numbers were made with, where that differs from the paper."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json
from pipeline_lib.data.transfer.notes import unreadable_note
from pipeline_lib.evaluation.ilsvrc import TOP_1
from pipeline_lib.evaluation.sweep import AT_CHOSEN, CHOSEN
from pipeline_lib.localization import authors_box
from pipeline_lib.localization.predictions import PIXEL_METHODS, TITLES
from pipeline_lib.networks.card import NetworkCard


def describe(card: NetworkCard) -> str:
    """Say what a network is and how it was made."""
    side = f"{card.preprocessing.size[1]}x{card.preprocessing.size[0]} px"
    if card.source == "caffe":
        return f"the released Caffe network ({card.training['weights']}), input {side}"
    if card.source != "trained":
        return f"not the paper's: {card.source}'s {card.architecture}, ready-trained, input {side}"
    options = ", ".join(f"{key}={value}" for key, value in card.options.items())
    training = card.training
    start = f"fine-tuned from {training['start']}" if training["start"] else "from scratch"
    return (
        f"{card.architecture}{f' ({options})' if options else ''}, input {side}, {start} on "
        f"{training['images']:,} images, {training['epochs']:g} epochs"
    )


def describe_chance(card: NetworkCard, scores: pd.DataFrame) -> str:
    """Say so where a network's top-1 class is right no more often than a guess; "" elsewhere.

    A guess is wrong in all but one of its classes; the interval of the error decides.
    """
    errors = scores[
        (scores["row"] == card.name) & (scores["metric"] == "classification top-1")
    ].to_dict("records")
    chance = 100 * (1 - 1 / len(card.classes))
    if not errors or min(row["high"] for row in errors) < chance:
        return ""
    return (
        f"no better than a guess among its {len(card.classes):,} classes: are its weights trained?"
    )


def describe_sizes(cards: Sequence[NetworkCard]) -> list[str]:
    """Return a sentence on how much smaller objects are in the whole image than in training, if any.

    Training cut crops of the input's size out of images warped to a larger square, and so do the ten
    crops; the whole image is warped to the input's size. Of the libraries' networks it is not known.
    """
    sizes = {
        (card.preprocessing.size[0], card.preprocessing.warped[0]): None
        for card in cards
        if card.source in ("trained", "caffe")
    }
    smaller = [
        f"{percent(1 - round(size / warped, 3))} ({size} of {warped} pixels)"
        for size, warped in sizes
    ]
    if not smaller:
        return []
    return [
        "In the whole image objects are smaller than in the crops of training, whose size ten crops "
        f"have: by {' or '.join(smaller)}."
    ]


def describe_unreadable(summaries: Iterable[Path]) -> list[str]:
    """Return a sentence for each image set, by its summary, of which images were left out."""
    sentences = []
    for summary in map(read_json, summaries):
        if count := summary.get("unreadable"):
            sentences.append(f"{summary['data_set']}: {unreadable_note(count)}")
    return sentences


def describe_maps(method: str, crops: int) -> str:
    """Say what replaces class activation maps; "" for class activation maps."""
    if method == "backprop":
        return (
            f"gradient of the class score, {_crops(crops)}, graph cut (the paper's citation); "
            "authors' rule: on the summed gradient"
        )
    if method in PIXEL_METHODS:
        return f"{TITLES[method]}, {_crops(crops)}; authors' rule: on their sum over the channels"
    return "" if method == "cam" else f"maps by {TITLES[method]}"


def describe_box_methods(box_methods: set[str], scores: pd.DataFrame) -> list[str]:
    """Return a sentence for each box method of a table that the scores have, with its settings.

    Raises InputError where boxes of the paper's method were made with several settings.
    """
    used = scores[scores["box_method"].isin(box_methods)]
    sentences = []
    # The scores of a threshold sweep are of many thresholds; they have none in their column.
    of_paper = used[(used["box_method"] == "paper") & used["threshold"].notna()]
    settings = of_paper[["threshold", "interpolation"]].drop_duplicates()
    if len(settings) > 1:
        raise InputError(f"boxes of {several_settings(of_paper)}; rerun localize")
    for threshold, interpolation in settings.itertuples(index=False):
        sentences.append(
            f"The paper's box method: the map upsampled to the image ({interpolation}), the largest "
            f"connected component above {percent(threshold)} of its maximum."
        )
    maps = used[(used["box_method"] == "authors") & ~used["method"].isin(PIXEL_METHODS)]
    if len(maps):
        *low, high = authors_box.THRESHOLDS
        sentences.append(
            f"Authors' rule, as in their code: maps of {_crops(maps['crops'].max())} summed, "
            f"thresholds {', '.join(map(str, low))} and {high} of 255, the largest box."
        )
    if "graphcut" in set(used["box_method"]):
        sentences.append(
            "Graph cut: as in Simonyan et al. 2013, colours learned where the gradient is strong and "
            "where it is weak."
        )
    return sentences


def describe_thresholds(scores: pd.DataFrame) -> str:
    """Say which threshold was chosen for each row and its error; "" without a threshold sweep."""
    values = scores[scores["box_method"] == "paper"].set_index(["row", "metric"])["error"]
    chosen_thresholds = [
        f"{name} {chosen:.0f} % (top-1 error {values[name, AT_CHOSEN.format(TOP_1)]:.1f})"
        for (name, metric), chosen in values.items()
        if metric == CHOSEN
    ]
    if not chosen_thresholds:
        return ""
    return (
        "Best threshold of the paper's box method, chosen on held-out images and scored on the others: "
        f"{', '.join(chosen_thresholds)}."
    )


def several_settings(boxes: pd.DataFrame) -> str:
    """Say which rows were made with which threshold and interpolation, for a message."""
    rows = boxes.drop_duplicates(["threshold", "interpolation"])[
        ["row", "threshold", "interpolation"]
    ]
    examples = [f"{name} ({percent(t)}, {how})" for name, t, how in rows.itertuples(index=False)]
    return f"{' and '.join(examples)} were made with several settings"


def percent(fraction: float) -> str:
    """Return a fraction as it is printed: 0.2 as "20 %"."""
    return f"{100 * float(fraction):g} %"


def _crops(count: int) -> str:
    return "one crop" if count == 1 else f"{count} crops"
