"""Measure which annotated objects the class maps of scenes highlight, category by category."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.discovery.scenes import POLYGON_COLUMNS
from pipeline_lib.data.manifest import CLASS_COLUMNS, read_csv, read_images, write_csv
from pipeline_lib.discovery.objects import HighlightSettings, measure_objects
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.study.configuration.discovery import ScenesSection
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.localization import BoxesSection

SCENE_KEYS = ("threshold", "min_overlap_fraction", "min_overlap_rate", "grid", "draws")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--predictions", type=Path, required=True, help="the .h5 of an SVM's maps")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--classes", type=Path, required=True, help="the manifest's categories")
    parser.add_argument("--annotations", type=Path, required=True, help="the manifest's objects")
    add_settings(parser, ScenesSection, *SCENE_KEYS)
    add_settings(parser, BoxesSection, "interpolation")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the bootstrap")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Read, measure, write."""
    scenes = read_settings(arguments, ScenesSection)
    settings = HighlightSettings(
        threshold=scenes.threshold,
        min_overlap_fraction=scenes.min_overlap_fraction,
        interpolation=arguments.interpolation,
        grid=scenes.grid,
        min_overlap_rate=scenes.min_overlap_rate,
    )
    predictions = read_predictions(arguments.predictions, arguments.images)
    images = read_images(arguments.images)
    if images[["width", "height"]].isna().any(axis=None):
        raise InputError(f"{arguments.images}: lacks sizes; index it again")
    table = measure_objects(
        predictions,
        read_csv(arguments.annotations, POLYGON_COLUMNS),
        images,
        read_csv(arguments.classes, CLASS_COLUMNS)["label"],
        settings,
        draws=scenes.draws,
        seed=arguments.seed,
    )
    write_csv(arguments.out, table)
    log.info("%d images, %d kinds of object", len(images), table["object"].nunique())
