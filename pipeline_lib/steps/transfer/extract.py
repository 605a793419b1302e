"""Run a network over an image set and keep what its last layer reads, for linear classifiers.

Extraction goes block by block: a run that is killed goes on after the last whole block.
"""

import argparse
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.command import command, log, progress, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.common.machine import add_decoding, take_threads
from pipeline_lib.data.manifest import read_images, sampled_sizes
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.features.cache import (
    WHOLE,
    Blocks,
    Origin,
    discard,
    read_features,
    write_features,
)
from pipeline_lib.features.crops import read_boxes
from pipeline_lib.features.forward import PRECISIONS, extract
from pipeline_lib.features.layer import FeatureNetwork
from pipeline_lib.networks.artefact import load_network


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--network", type=Path, required=True, help="its .safetensors")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--root", required=True, help="the folder its paths start from")
    parser.add_argument("--boxes", type=Path, help="crop each image to its box in this CSV first")
    parser.add_argument("--block", type=int, default=512, help="images in a block")
    add_decoding(parser)
    parser.add_argument("--precision", choices=tuple(PRECISIONS), default="float32")
    parser.add_argument("--partial", type=Path, help="folder of the blocks; beside --out without")
    parser.add_argument("--rebuild", action="store_true", help="replace a file of something else")
    parser.add_argument("--out", type=Path, required=True, help="the .h5 to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Extract the blocks that are missing, then put all of them together."""
    take_threads(arguments.threads)
    classifier, card = load_network(arguments.network)
    network = FeatureNetwork(classifier, card.preprocessing.size)
    images, root = read_images(arguments.images), root_folder(arguments.root)
    names, paths = list(images["image_id"]), list(images["path"])
    boxes = None if arguments.boxes is None else read_boxes(arguments.boxes, names)
    origin = Origin(
        name=card.name,
        layer=network.layer,
        network=card.fingerprint,
        images=fingerprint(arguments.images),
        files=fingerprint(sampled_sizes(images, root)),
        crop=WHOLE if arguments.boxes is None else fingerprint(arguments.boxes),
        precision=arguments.precision,
    )
    folder = arguments.partial or arguments.out.with_suffix(".part")
    if _is_there(arguments.out, origin, arguments.rebuild):
        discard(folder)  # of a run that was killed between writing the file and this
        log.info("%s: these features are already there", arguments.out)
        return
    # Where batches begin decides the last bits of the features, so a block is whole batches.
    size = max(1, round(arguments.block / arguments.batch)) * arguments.batch
    key = fingerprint(origin.attributes | {"files": None}, arguments.batch, size)
    blocks = Blocks(folder, key, _marks(images, root, size))
    missing = blocks.missing()
    wanted = list(chain.from_iterable(missing))
    log.info("%s: %s, %d images to do of %d", card.name, network.layer, len(wanted), len(names))
    batches = extract(
        network,
        card.preprocessing,
        root,
        [paths[n] for n in wanted],
        None if boxes is None else boxes[wanted],
        batch=arguments.batch,
        workers=arguments.workers,
        precision=arguments.precision,
    )
    batches = iter(progress(batches, "extracting", total=-(-len(wanted) // arguments.batch)))
    for block in missing:
        count = -(-len(block) // arguments.batch)
        features = np.concatenate([next(batches) for _ in range(count)])
        spoiled = np.flatnonzero(~np.isfinite(features).all(axis=1))
        if len(spoiled):
            name = names[block[spoiled[0]]]
            raise InputError(f"{arguments.network}: makes NaN of image {name}; make it anew")
        blocks.write(block, features)
    write_features(arguments.out, origin, names, blocks)
    discard(folder)
    log.info("wrote %s", arguments.out)


def _marks(images: pd.DataFrame, root: Path, size: int) -> dict[range, str]:
    """Each block's images, and a fingerprint of the sizes of all their files."""
    starts = range(0, len(images), size)
    blocks = [range(start, min(start + size, len(images))) for start in starts]
    return {
        block: fingerprint(sampled_sizes(images[block.start : block.stop], root, size))
        for block in blocks
    }


def _is_there(path: Path, origin: Origin, rebuild: bool) -> bool:
    """Tell whether the file holds these very features; refuse to overwrite others unasked."""
    if rebuild or not path.exists():
        return False
    if read_features(path).fingerprint != origin.fingerprint:
        raise InputError(f"{path}: holds other features; add --rebuild to replace them")
    return True
