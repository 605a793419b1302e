"""Draw Figure 9: what class maps of scenes highlight, as pictures and lists; PNG, PDF and JSON."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.files import read_json
from pipeline_lib.data.classes import names_in
from pipeline_lib.data.discovery.scenes import ANNOTATION_COLUMNS
from pipeline_lib.data.manifest import CLASS_COLUMNS, read_csv, read_images
from pipeline_lib.discovery.objects import GRID, PART, Rule, read_objects
from pipeline_lib.localization.boxes import THRESHOLD
from pipeline_lib.localization.heat import INTERPOLATIONS
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.reporting.figures import figure9


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--table", type=Path, required=True, help="written by measure_scenes")
    parser.add_argument("--scores", type=Path, required=True, help="written by fit_scenes")
    parser.add_argument("--predictions", type=Path, required=True, help="the .h5 of an SVM's maps")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--root", type=Path, required=True, help="the folder its paths start from")
    parser.add_argument("--classes", type=Path, required=True, help="the manifest's categories")
    parser.add_argument("--annotations", type=Path, required=True, help="the manifest's things")
    parser.add_argument("--summary", type=Path, required=True, help="the manifest's summary")
    parser.add_argument(
        "--threshold", type=float, default=THRESHOLD, help="as measure_scenes had it"
    )
    parser.add_argument("--part", type=float, default=PART, help="as measure_scenes had it")
    parser.add_argument("--interpolation", choices=tuple(INTERPOLATIONS), default="bilinear")
    parser.add_argument("--grid", type=int, default=GRID, help="as measure_scenes had it")
    parser.add_argument(
        "--often", type=float, default=0.1, help="part of the images: ranked by lift from here on"
    )
    parser.add_argument("--out", type=Path, required=True, help="the .png to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Read what the figure needs and hand it over."""
    table = read_objects(arguments.table)
    scenes = figure9.Scenes(
        read_predictions(arguments.predictions, arguments.images),
        read_images(arguments.images),
        read_csv(arguments.annotations, ANNOTATION_COLUMNS),
        arguments.root,
    )
    rule = Rule(arguments.threshold, arguments.part, arguments.interpolation, arguments.grid)
    facts = {
        "network": scenes.predictions.name,
        "threshold": rule.threshold,
        "part": rule.part,
        "interpolation": rule.interpolation,
        "grid": rule.grid,
        "often": arguments.often,
        "svm": read_json(arguments.scores),
        "data": read_json(arguments.summary)["notes"],
    }
    categories = list(read_csv(arguments.classes, CLASS_COLUMNS)["label"])
    names = names_in([arguments.classes])
    figure9.draw(scenes, table, categories, names, rule, arguments.often, facts, arguments.out)
    log.info("wrote %s", arguments.out)
