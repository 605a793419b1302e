"""Draw one of the paper's figures from predictions: a PNG, and a JSON that says what it shows."""

import argparse
from pathlib import Path

import pandas as pd

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.classes import names_in
from pipeline_lib.data.manifest import BOX_COLUMNS, SPLIT_COLUMNS, read_csv, read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.evaluation.sweep import CURVE_COLUMNS
from pipeline_lib.localization.drawn import COLUMNS as DRAWN_COLUMNS
from pipeline_lib.localization.predictions import Predictions, read_predictions
from pipeline_lib.reporting.figures import (
    figure3,
    figure4,
    figure5,
    figure6,
    figure7,
    figure8,
    figure12,
    thresholds,
)

SETS = ("predictions", "images", "roots")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--figure", choices=tuple(FIGURES), required=True)
    parser.add_argument(
        "--predictions",
        type=Path,
        nargs="+",
        default=[],
        help="the .h5 files: figure 3 takes one, figure 4 rows from each, figure 5 a column from "
        "each, figure 6 two, class maps and baseline, figures 7 and 12 one, figure 8 one of each set",
    )
    parser.add_argument(
        "--images",
        type=Path,
        nargs="+",
        default=[],
        help="their manifests; figures 5 and 6: the one manifest of all",
    )
    parser.add_argument("--roots", nargs="+", default=[], help="the manifests' folders")
    parser.add_argument("--boxes", type=Path, nargs="+", default=[], help="figures 6, 7: drawn")
    parser.add_argument("--true-boxes", type=Path, help="figures 6, 7: the manifest's boxes")
    parser.add_argument("--splits", type=Path, help="figure 7: its test images are shown")
    parser.add_argument(
        "--titles", nargs="+", default=[], help="figure 8: what the sets are called"
    )
    parser.add_argument("--questions", type=Path, help="figure 12: the picked questions")
    parser.add_argument("--curves", type=Path, nargs="+", default=[], help="thresholds: by sweep")
    parser.add_argument(
        "--classes",
        type=Path,
        nargs="+",
        default=[],
        help="CSV with the classes' names, of each set in figure 8; ImageNet's if not",
    )
    parser.add_argument("--out", type=Path, required=True, help="the .png to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Read what the figure needs and hand it over."""
    needed, draw = FIGURES[arguments.figure]
    missing = [flag for flag in needed if not getattr(arguments, flag)]
    if missing:
        flags = ", ".join(f"--{flag.replace('_', '-')}" for flag in missing)
        raise InputError(f"{arguments.figure} needs {flags}")
    draw(arguments)
    log.info("wrote %s", arguments.out)


def _figure3(arguments: argparse.Namespace) -> None:
    names = names_in(arguments.classes)
    figure3.draw(*_sets_with_guesses(arguments)[0], names, arguments.out)


def _figure4(arguments: argparse.Namespace) -> None:
    names = names_in(arguments.classes)
    rows = [
        row
        for predictions, images, root in _sets_with_guesses(arguments)
        for row in figure4.rows_of(predictions, images, root, names, figure4.choose(predictions))
    ]
    figure4.draw(rows, arguments.out)


def _figure5(arguments: argparse.Namespace) -> None:
    columns, images, root = _one_set(arguments)
    figure5.draw(columns, images, root, names_in(arguments.classes), arguments.out)


def _figure6(arguments: argparse.Namespace) -> None:
    if not len(arguments.predictions) == len(arguments.boxes) == 2:
        raise InputError("figure6 takes two --predictions, and two --boxes drawn from them")
    predictions, images, root = _one_set(arguments)
    pair = tuple(
        figure6.Drawn(shown, read_csv(path, DRAWN_COLUMNS, made_from=shown.fingerprint))
        for shown, path in zip(predictions, arguments.boxes, strict=True)
    )
    true_boxes = read_csv(arguments.true_boxes, BOX_COLUMNS)
    names = names_in(arguments.classes)
    figure6.draw(pair, images, true_boxes, root, names, arguments.out)


def _figure7(arguments: argparse.Namespace) -> None:
    ((predictions, images, root),) = _sets_with_guesses(arguments)
    (path,) = arguments.boxes
    drawn = read_csv(path, DRAWN_COLUMNS, made_from=predictions.fingerprint)
    true_boxes = read_csv(arguments.true_boxes, BOX_COLUMNS)
    splits = read_csv(arguments.splits, SPLIT_COLUMNS)
    tested = set(splits.loc[splits["part"] == "test", "image_id"])
    names = names_in(arguments.classes)
    figure7.draw(predictions, drawn, images, true_boxes, tested, root, names, arguments.out)


def _figure8(arguments: argparse.Namespace) -> None:
    sets = _sets_with_guesses(arguments)
    if len(arguments.titles) != len(sets):
        raise InputError("figure8 takes as many --titles as --predictions")
    panels = [figure8.Panel(title, *one) for title, one in zip(arguments.titles, sets, strict=True)]
    figure8.draw(panels, names_in(arguments.classes), arguments.out)


def _figure12(arguments: argparse.Namespace) -> None:
    ((predictions, images, root),) = _sets_with_guesses(arguments)
    shown = read_csv(arguments.questions, figure12.FIELDS).astype({"answer": str})
    if shown["question_id"].astype(str).tolist() != predictions.image_id:
        raise InputError(f"{arguments.questions}: lists others than {arguments.images[0]}; rerun")
    figure12.draw(shown, predictions, images, root, arguments.out)


def _thresholds(arguments: argparse.Namespace) -> None:
    curves = [read_csv(path, CURVE_COLUMNS) for path in arguments.curves]
    thresholds.draw(pd.concat(curves, ignore_index=True), arguments.out)


FIGURES = {
    "figure3": (SETS, _figure3),
    "figure4": (SETS, _figure4),
    "figure5": (SETS, _figure5),
    "figure6": ((*SETS, "boxes", "true_boxes"), _figure6),
    "figure7": ((*SETS, "boxes", "true_boxes", "splits", "classes"), _figure7),
    "figure8": ((*SETS, "classes", "titles"), _figure8),
    "figure12": ((*SETS, "questions"), _figure12),
    "thresholds": (("curves",), _thresholds),
}


def _sets_with_guesses(
    arguments: argparse.Namespace,
) -> list[tuple[Predictions, pd.DataFrame, Path]]:
    """Each predictions file with its manifest and folder; it must have maps of its guesses."""
    if not len(arguments.predictions) == len(arguments.images) == len(arguments.roots):
        raise InputError("--predictions, --images and --roots go together: as many of each")
    sets = [
        (read_predictions(predictions, images), read_images(images), root_folder(root))
        for predictions, images, root in zip(
            arguments.predictions, arguments.images, arguments.roots, strict=True
        )
    ]
    for path, (predictions, *_) in zip(arguments.predictions, sets, strict=True):
        if not predictions.maps.shape[1]:
            raise InputError(
                f"{path}: has maps of the true class alone; {arguments.figure} needs more"
            )
    return sets


def _one_set(arguments: argparse.Namespace) -> tuple[list[Predictions], pd.DataFrame, Path]:
    """All predictions files, and the one manifest and folder they belong to."""
    if not len(arguments.images) == len(arguments.roots) == 1:
        raise InputError(
            f"{arguments.figure} takes one --images and one --roots for all predictions"
        )
    (images,) = arguments.images
    predictions = [read_predictions(path, images) for path in arguments.predictions]
    return predictions, read_images(images), root_folder(arguments.roots[0])
