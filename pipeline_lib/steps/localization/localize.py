"""Extract boxes from the maps of a predictions file, without the network.

With --partial, a run that was killed is resumed after the images that it had done.
"""

import argparse
from pathlib import Path

from pipeline_lib.common.blocks import discard_blocks
from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.data.manifest import read_images, write_csv
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.localization.extraction import BOX_METHODS, box_settings, extract_boxes
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.localization import BoxesSection


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--predictions", type=Path, required=True, help="the .h5 of a network")
    parser.add_argument("--images", type=Path, required=True, help="the manifest, for the sizes")
    parser.add_argument(
        "--box-method", choices=BOX_METHODS, default="paper", help="how a map becomes a box"
    )
    add_settings(parser, BoxesSection, "threshold", "interpolation")
    parser.add_argument("--root", help="folder of the photographs, for graphcut")
    parser.add_argument("--processes", type=int, default=1, help="processes that share the work")
    parser.add_argument(
        "--partial", type=Path, help="folder of boxes that are done, until --out is"
    )
    parser.add_argument("--out", type=Path, required=True, help="the boxes CSV to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write boxes of the top classes (rank 1 and up) and of the true class (rank 0)."""
    settings = read_settings(arguments, BoxesSection)
    how = {"threshold": settings.threshold, "interpolation": settings.interpolation}
    predictions = read_predictions(arguments.predictions, arguments.images)
    boxes = extract_boxes(
        predictions,
        read_images(arguments.images),
        arguments.box_method,
        root=None if arguments.root is None else root_folder(arguments.root),
        processes=arguments.processes,
        partial=arguments.partial,
        **how,
    )
    write_csv(
        arguments.out,
        boxes,
        made_from=predictions.fingerprint,
        settings=box_settings(predictions, arguments.box_method, **how),
    )
    if arguments.partial is not None:
        discard_blocks(arguments.partial)
    log.info("%s, box method %s: %d boxes", predictions.name, arguments.box_method, len(boxes))
