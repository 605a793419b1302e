"""Extract the features of an image set: the input of a network's last layer, for linear classifiers.

An extraction that was killed is resumed after its last whole block.
"""

import argparse
from pathlib import Path

from pipeline_lib.common.blocks import discard_blocks
from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.files import fingerprint
from pipeline_lib.common.machine import add_threads_flag, limit_threads, open_device, use_precision
from pipeline_lib.data.manifest import identify_images, read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.features.cache import WHOLE, Origin
from pipeline_lib.features.crop_boxes import read_crop_boxes
from pipeline_lib.features.extraction import extract_features, is_extracted
from pipeline_lib.features.feature_network import FeatureNetwork
from pipeline_lib.networks.artefact import load_network
from pipeline_lib.study.configuration.flags import add_settings
from pipeline_lib.study.configuration.localization import PredictionSection
from pipeline_lib.study.configuration.transfer import TransferSection


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--network", type=Path, required=True, help="network (.safetensors)")
    parser.add_argument("--images", type=Path, required=True, help="manifest")
    parser.add_argument("--root", required=True, help="folder that the manifest's paths start from")
    parser.add_argument("--boxes", type=Path, help="CSV of boxes; each image is cropped to its box")
    parser.add_argument("--block", type=int, default=512, help="images in a block")
    add_settings(parser, PredictionSection, "batch", "workers")
    add_settings(parser, TransferSection, "precision")
    add_threads_flag(parser)
    parser.add_argument(
        "--partial", type=Path, help="folder of the blocks; by default beside --out"
    )
    parser.add_argument("--rebuild", action="store_true", help="replace --out if it holds others")
    parser.add_argument("--out", type=Path, required=True, help="features to write (.h5)")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Extract the features, unless they are already there."""
    limit_threads(arguments.threads)
    classifier, card = load_network(arguments.network)
    network = FeatureNetwork(classifier, card.preprocessing.size)
    images, root = read_images(arguments.images), root_folder(arguments.root)
    boxes = None
    if arguments.boxes is not None:
        boxes = read_crop_boxes(arguments.boxes, list(images["image_id"]))
    device = open_device()
    origin = Origin(
        name=card.name,
        layer=network.layer,
        network=card.fingerprint,
        **identify_images(arguments.images, images, root)._asdict(),
        crop=WHOLE if arguments.boxes is None else fingerprint(arguments.boxes),
        precision=use_precision(arguments.precision, device),
    )
    partial = arguments.partial or arguments.out.with_suffix(".part")
    if not arguments.rebuild and is_extracted(arguments.out, origin):
        discard_blocks(partial)  # left if a run was killed right after writing the file
        log.info("%s: these features are already there", arguments.out)
        return
    extract_features(
        arguments.out,
        origin,
        network,
        card.preprocessing,
        images,
        root,
        boxes,
        block=arguments.block,
        batch=arguments.batch,
        workers=arguments.workers,
        partial=partial,
        source=arguments.network,
    )
    log.info("wrote %s", arguments.out)
