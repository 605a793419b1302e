"""Find the units that each class relies on, their top images, and their receptive fields.

One pass over the image set finds every unit's top images. The receptive fields of the shown units are
then measured by sliding an occluder over some of these.
"""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, step_parser
from pipeline_lib.common.machine import add_threads_flag, limit_threads, open_device, use_precision
from pipeline_lib.data.classes import read_class_names
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.networks.artefact import load_network
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.localization import PredictionSection
from pipeline_lib.study.configuration.units import UnitsSection
from pipeline_lib.units.analysis import analyse_units
from pipeline_lib.units.units_file import write_units

_SETTINGS = (
    *("classes", "count", "units", "top", "shown"),
    *("method", "occluded", "occluder", "stride"),
)

_RUNNING = ("batch", "workers", "precision")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--network", type=Path, required=True, help="its .safetensors")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--root", required=True, help="the folder its paths start from")
    parser.add_argument(
        "--names", type=Path, nargs="*", default=[], help="CSV of the classes' names"
    )
    add_settings(parser, UnitsSection, *_SETTINGS)
    add_settings(parser, PredictionSection, *_RUNNING)
    add_threads_flag(parser)
    parser.add_argument("--out", type=Path, required=True, help="the .h5 to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Load the network, analyse its units, write."""
    limit_threads(arguments.threads)
    settings = read_settings(arguments, UnitsSection, *_SETTINGS)
    running = read_settings(arguments, PredictionSection, *_RUNNING)
    device = open_device()
    precision = use_precision(running.precision, device)
    classifier, card = load_network(arguments.network)
    units = analyse_units(
        classifier,
        card,
        arguments.images,
        root_folder(arguments.root),
        read_class_names(arguments.names),
        settings,
        batch=running.batch,
        workers=running.workers,
        device=device,
        precision=precision,
    )
    write_units(arguments.out, units)
