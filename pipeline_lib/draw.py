"""Draw one of the paper's figures from predictions: a PNG, and a JSON that says what it shows."""

import argparse
import sys
from pathlib import Path

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.classes import class_names
from pipeline_lib.data.manifest import read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.reporting import figure3, figure4


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "draw")
    made.add_argument("--figure", choices=("figure3", "figure4"), required=True)
    made.add_argument(
        "--predictions",
        type=Path,
        nargs="+",
        required=True,
        help="the .h5 files: figure 3 takes one, figure 4 rows from each",
    )
    made.add_argument("--images", type=Path, nargs="+", required=True, help="their manifests")
    made.add_argument("--roots", nargs="+", required=True, help="their folders")
    made.add_argument("--classes", type=Path, help="CSV with the classes' names; ImageNet's if not")
    made.add_argument("--out", type=Path, required=True, help="the .png to write")
    return made


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Read what the figure needs and hand it over."""
    if not len(arguments.predictions) == len(arguments.images) == len(arguments.roots):
        raise InputError("--predictions, --images and --roots go together: as many of each")
    sets = [
        (read_predictions(predictions, images), read_images(images), root_folder(root))
        for predictions, images, root in zip(
            arguments.predictions, arguments.images, arguments.roots, strict=True
        )
    ]
    names = class_names(arguments.classes)
    if arguments.figure == "figure3":
        figure3.draw(*sets[0], names, arguments.out)
    else:
        rows = [
            row
            for predictions, images, root in sets
            for row in figure4.rows_of(
                predictions, images, root, names, figure4.choose(predictions)
            )
        ]
        figure4.draw(rows, arguments.out)
    log.info("wrote %s", arguments.out)


if __name__ == "__main__":
    sys.exit(main())
