"""Draw Figure 10, concepts and the images that their detectors rank first: PNG, PDF and JSON."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.data.manifest import read_csv, read_images
from pipeline_lib.discovery.concepts import RANKING_COLUMNS, read_concepts
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.reporting.figures import figure10


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--concepts", type=Path, required=True, help="written by mine_concepts")
    parser.add_argument("--ranking", type=Path, required=True, help="the same")
    parser.add_argument("--predictions", type=Path, required=True, help="the picked images' .h5")
    parser.add_argument("--images", type=Path, required=True, help="their manifest")
    parser.add_argument("--root", type=Path, required=True, help="the folder its paths start from")
    parser.add_argument("--out", type=Path, required=True, help="the .png to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Read what the figure needs and hand it over."""
    figure10.draw(
        read_concepts(arguments.concepts),
        read_csv(arguments.ranking, RANKING_COLUMNS),
        read_predictions(arguments.predictions, arguments.images),
        read_images(arguments.images),
        arguments.root,
        arguments.out,
    )
    log.info("wrote %s", arguments.out)
