"""Try every threshold of the paper's box method; choose the best on held-out images, score the rest."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.data.manifest import BOX_COLUMNS, read_csv, read_images, write_csv
from pipeline_lib.evaluation.sweep import Boxed, sweep
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.localization import BoxesSection


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--predictions", type=Path, required=True, help="the .h5 of a network")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--true-boxes", type=Path, required=True, help="the manifest's boxes")
    parser.add_argument(
        "--held-out",
        type=Path,
        nargs=3,
        metavar=("IMAGES", "BOXES", "PREDICTIONS"),
        help="images to choose the threshold on, instead of a part of those to score",
    )
    add_settings(parser, BoxesSection, "held_out_fraction", "interpolation")
    parser.add_argument("--seed", type=int, default=0, help="of the split and the interval")
    parser.add_argument("--processes", type=int, default=1, help="processes that share the work")
    parser.add_argument("--out", type=Path, required=True, help="the curve CSV to write")
    parser.add_argument("--scores", type=Path, required=True, help="the scores CSV to write")
    parser.add_argument("--outcomes", type=Path, help="the CSV to write with every image's outcome")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Sweep, write the curve and the scores."""
    settings = read_settings(arguments, BoxesSection)
    scored = _read(arguments.images, arguments.true_boxes, arguments.predictions)
    swept = sweep(
        scored,
        _read(*arguments.held_out) if arguments.held_out else None,
        held_out_fraction=settings.held_out_fraction,
        seed=arguments.seed,
        interpolation=settings.interpolation,
        processes=arguments.processes,
    )
    write_csv(arguments.out, swept.curve)
    write_csv(arguments.scores, swept.scores)
    if arguments.outcomes is not None:
        write_csv(arguments.outcomes, swept.images)
    for row in swept.scores.itertuples():
        log.info("%s: %s %.2f %%", row.row, row.metric, row.error)
    if swept.scores.empty:
        log.info("%s: fewer than two images can be localized", scored.predictions.name)


def _read(images: Path, true_boxes: Path, predictions: Path) -> Boxed:
    return Boxed(
        read_predictions(predictions, images),
        read_images(images),
        read_csv(true_boxes, BOX_COLUMNS),
    )
