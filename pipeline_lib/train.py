"""Train one of the paper's networks on a manifest of images, from scratch or fine-tuned."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import torch

from pipeline_lib.common.command import command, log, option, parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.loader import TrainingCrops
from pipeline_lib.data.manifest import read_images, sampled_sizes
from pipeline_lib.networks.artefact import save_network
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.registry import build
from pipeline_lib.networks.starts import start_from
from pipeline_lib.training.checkpoint import Checkpoints
from pipeline_lib.training.loop import Recipe, train


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "train")
    made.add_argument("--name", required=True, help="what the tables call it")
    made.add_argument("--architecture", required=True, help="a name of the registry")
    pairs = {"type": option, "action": "append", "default": [], "metavar": "KEY=VALUE"}
    made.add_argument("--option", **pairs, help="of the architecture, width=0.25 say; repeatable")
    made.add_argument("--recipe", **pairs, help="of the training, epochs=6 say; repeatable")
    made.add_argument("--start", help="fine-tune from this torchvision network's weights")
    made.add_argument("--weights-folder", type=Path, help="where <start>.safetensors may lie")
    made.add_argument("--images", type=Path, required=True, help="the training manifest")
    made.add_argument("--root", type=Path, required=True, help="the data set's folder")
    made.add_argument("--warp", type=int, default=256, help="side images are warped to, pixels")
    made.add_argument("--crop", type=int, default=224, help="side of the input, pixels")
    made.add_argument("--workers", type=int, default=0, help="processes that decode images")
    made.add_argument("--threads", type=int, default=0, help="CPU threads; 0 is all")
    made.add_argument("--save-every", type=int, default=100, help="steps between checkpoints")
    made.add_argument("--checkpoints", type=Path, required=True, help="folder for resumable state")
    made.add_argument("--out", type=Path, required=True, help="the .safetensors to write")
    return made


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Train, write the network, clear the checkpoints."""
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if arguments.crop > arguments.warp:
        raise InputError(f"a crop of {arguments.crop} does not fit into a warp of {arguments.warp}")
    recipe = _recipe(dict(arguments.recipe))
    images = read_images(arguments.images)
    classes = sorted(images["label"].unique())
    target = {label: index for index, label in enumerate(classes)}
    options = dict(arguments.option)
    torch.manual_seed(recipe.seed)
    classifier = build(arguments.architecture, len(classes), options)
    preprocessing = Preprocessing(size=(arguments.crop, arguments.crop))
    if arguments.start:
        mean, std = start_from(classifier, arguments.start, arguments.weights_folder)
        preprocessing = Preprocessing(preprocessing.size, mean, std)
    training = {**asdict(recipe), "warp": arguments.warp, "start": arguments.start}
    recipe_parts = (arguments.architecture, options, training, arguments.crop)
    data_parts = (arguments.images, sampled_sizes(images, arguments.root))
    checkpoints = Checkpoints(arguments.checkpoints, fingerprint(*recipe_parts, *data_parts))
    crops = TrainingCrops(
        arguments.root,
        images["path"],
        [target[label] for label in images["label"]],
        warp_side=arguments.warp,
        crop_side=arguments.crop,
        seed=recipe.seed,
    )
    figures = train(
        classifier,
        crops,
        recipe,
        checkpoints,
        mean=preprocessing.mean,
        std=preprocessing.std,
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
        workers=arguments.workers,
        save_every=arguments.save_every,
    )
    card = NetworkCard(
        name=arguments.name,
        source="trained",
        architecture=arguments.architecture,
        options=options,
        classes=classes,
        preprocessing=preprocessing,
        training={**training, **figures, "images": len(images)},
    )
    save_network(arguments.out, card, classifier.state_dict())
    checkpoints.clear()
    log.info("%s: wrote %s", arguments.name, arguments.out)


def _recipe(fields: dict[str, object]) -> Recipe:
    try:
        return Recipe(**fields)
    except TypeError as error:
        raise InputError(f"--recipe: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
