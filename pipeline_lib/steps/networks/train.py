"""Train one of the paper's networks on a manifest of images, from scratch or fine-tuned.

Under torchrun (python -m torch.distributed.run) it trains in several processes, one for each GPU.
"""

import argparse
import os
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import torch

from pipeline_lib.common.command import command, log, option, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.common.machine import add_threads, take_threads
from pipeline_lib.data.loader import KeptImages, Squares, TrainingCrops, WarpedImages
from pipeline_lib.data.manifest import read_images, sampled_sizes
from pipeline_lib.data.shards import INDEX, PACK, PackedImages
from pipeline_lib.networks.artefact import save_network
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.registry import build
from pipeline_lib.networks.starts import start_from
from pipeline_lib.training.checkpoint import Checkpoints
from pipeline_lib.training.distributed import Processes, joined, own_rank
from pipeline_lib.training.loop import train
from pipeline_lib.training.recipe import Recipe
from pipeline_lib.training.stop import StopRequest

_KEPT_BYTES = 256 << 20  # training images of no more than this are decoded once and kept


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    if own_rank() > 0:  # only the first process has a log: the others would write over it
        parser = argparse.ArgumentParser(
            parents=[parser], add_help=False, conflict_handler="resolve"
        )
        parser.add_argument("--log", type=lambda _: None, help=argparse.SUPPRESS)
    parser.add_argument("--name", required=True, help="what the tables call it")
    parser.add_argument("--architecture", required=True, help="a name of the registry")
    pairs = {"type": option, "action": "append", "default": [], "metavar": "KEY=VALUE"}
    parser.add_argument("--option", **pairs, help="of the architecture, width=0.25 say; repeatable")
    parser.add_argument("--recipe", **pairs, help="of the training, epochs=6 say; repeatable")
    parser.add_argument("--start", help="fine-tune from this network's weights")
    parser.add_argument("--weights-folder", type=Path, help="where <start>.safetensors may lie")
    parser.add_argument("--images", type=Path, required=True, help="the training manifest")
    parser.add_argument("--root", type=Path, help="the data set's folder; not needed with --shards")
    parser.add_argument("--shards", type=Path, help="read the images packed here (step pack)")
    verify = {"action": argparse.BooleanOptionalAction, "default": True}
    parser.add_argument("--verify", **verify, help="first compare the shards with their checksums")
    parser.add_argument("--warp", type=int, default=256, help="side images are warped to, pixels")
    parser.add_argument("--crop", type=int, default=224, help="side of the input, pixels")
    parser.add_argument(
        "--workers", type=int, default=0, help="processes that decode, for each GPU"
    )
    add_threads(parser)
    parser.add_argument("--save-every", type=int, default=100, help="steps between checkpoints")
    parser.add_argument("--budget", type=float, help="minutes after which to save, stop and fail")
    parser.add_argument("--history", type=Path, help="folder for history.csv, TensorBoard's events")
    parser.add_argument(
        "--log-every", type=int, default=10, help="steps between rows of the history"
    )
    parser.add_argument(
        "--checkpoints", type=Path, required=True, help="folder for resumable state"
    )
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Check the flags, join the other processes, train."""
    take_threads(arguments.threads)
    if arguments.crop > arguments.warp:
        raise InputError(f"a crop of {arguments.crop} does not fit into a warp of {arguments.warp}")
    if arguments.root is None and arguments.shards is None:
        raise InputError("no images: give --root, or --shards")
    for flag in ("save_every", "log_every", "budget"):
        value = getattr(arguments, flag)
        if value is not None and value <= 0:
            raise InputError(f"--{flag.replace('_', '-')} is {value}; it must be above 0")
    recipe = _recipe(dict(arguments.recipe))
    with joined() as processes:
        _train(arguments, recipe, processes, StopRequest(arguments.budget))


def _train(
    arguments: argparse.Namespace, recipe: Recipe, processes: Processes, stop: StopRequest
) -> None:
    """Train, write the network, clear the checkpoints."""
    images = read_images(arguments.images)
    classes = sorted(images["label"].unique())
    target = {label: index for index, label in enumerate(classes)}
    options = dict(arguments.option)
    torch.manual_seed(recipe.seed)
    classifier = build(arguments.architecture, len(classes), options)
    sides = {"size": (arguments.crop,) * 2, "warp": (arguments.warp,) * 2}
    preprocessing = Preprocessing(**sides)
    if arguments.start:
        mean, std = start_from(classifier, arguments.start, arguments.weights_folder)
        preprocessing = Preprocessing(**sides, mean=mean, std=std)
    squares, data_parts = _open_images(arguments, images, processes)
    source = "folder" if arguments.shards is None else "shards"
    training = {**asdict(recipe), "source": source, "start": arguments.start}
    recipe_parts = (arguments.architecture, options, training, asdict(preprocessing))
    checkpoints = Checkpoints(arguments.checkpoints, fingerprint(*recipe_parts, *data_parts))
    processes.in_the_first(checkpoints.take)
    targets = [target[label] for label in images["label"]]
    figures = train(
        classifier,
        TrainingCrops(squares, targets, crop_side=arguments.crop, seed=recipe.seed),
        recipe,
        checkpoints,
        mean=preprocessing.mean,
        std=preprocessing.std,
        processes=processes,
        stop=stop,
        workers=arguments.workers,
        save_every=arguments.save_every,
        log_every=arguments.log_every,
        history=arguments.history,
    )
    card = NetworkCard(
        name=arguments.name,
        source="trained",
        architecture=arguments.architecture,
        options=options,
        classes=classes,
        preprocessing=preprocessing,
        training={**training, **figures, "images": len(images), "processes": processes.count},
    )

    def write() -> None:
        checkpoints.check_ours()
        save_network(arguments.out, card, classifier.state_dict())
        # SLURM starts a job anew when it loses sight of its node, even one that goes on to finish:
        # the new one then has only the last steps to repeat. The workflow's end clears them.
        if "SLURM_JOB_ID" not in os.environ:
            checkpoints.clear()
        log.info("%s: wrote %s", arguments.name, arguments.out)

    processes.in_the_first(write)


def _open_images(
    arguments: argparse.Namespace, images: pd.DataFrame, processes: Processes
) -> tuple[Squares, tuple]:
    """Return the warped images by their row in the manifest, and what they depend on."""
    if arguments.shards is None:
        sizes = sampled_sizes(images, arguments.root)
        squares = WarpedImages(arguments.root, images["path"], (arguments.warp,) * 2)
        if 3 * arguments.warp**2 * len(images) <= _KEPT_BYTES:
            squares = KeptImages(squares)
        return squares, (arguments.images, sizes)
    packed = PackedImages(arguments.shards)
    if packed.packing.manifest != fingerprint(arguments.images):
        raise InputError(f"{arguments.shards}: packed from another {arguments.images}; {PACK}")
    if packed.packing.side != arguments.warp:
        raise InputError(
            f"{arguments.shards}: holds images of {packed.packing.side} pixels, not of --warp"
            f" {arguments.warp}; {PACK}"
        )
    if arguments.verify:
        processes.in_the_first(packed.verify)
    return packed, (arguments.images, arguments.shards / INDEX)


def _recipe(fields: dict[str, object]) -> Recipe:
    try:
        return Recipe(**fields)
    except TypeError as error:
        raise InputError(f"--recipe: {error}") from None
