"""Write CLIP's maps of the words that label a set's images: of Figure 11, of "text".

Nothing is trained: the labels are phrases that CLIP embeds.
"""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.machine import add_threads_flag, limit_threads, open_device, use_precision
from pipeline_lib.data.manifest import pictures, read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.localization.forward import predict, predictions_header
from pipeline_lib.localization.phrases import phrase_explainer
from pipeline_lib.localization.predictions import write_predictions
from pipeline_lib.networks.clip import Clip
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.localization import PredictionSection

_SETTINGS = ("batch", "workers", "precision")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--clip", required=True, help="its name in open_clip, with a tag")
    parser.add_argument("--weights-folder", type=Path, help="folder that may have its weights")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--root", required=True, help="the folder its paths start from")
    add_settings(parser, PredictionSection, *_SETTINGS)
    add_threads_flag(parser)
    parser.add_argument("--out", type=Path, required=True, help="the .h5 to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Embed the labels, write the maps."""
    limit_threads(arguments.threads)
    settings = read_settings(arguments, PredictionSection, *_SETTINGS)
    images, root = read_images(arguments.images), root_folder(arguments.root)
    phrases = sorted(set(images["label"]) - {""})
    if not phrases:
        raise InputError(f"{arguments.images}: no image has a label; there is no phrase to embed")
    clip = Clip(arguments.clip, arguments.weights_folder)
    explainer = phrase_explainer(clip, phrases)
    device = open_device()
    precision = use_precision(settings.precision, device)
    header = predictions_header(
        explainer, images, arguments.images, root, crops=1, precision=precision
    )
    batches = predict(
        explainer, pictures(images, root), header.true_class,
        crops=1, guesses=False, batch=settings.batch, workers=settings.workers, device=device,
    )  # fmt: skip
    write_predictions(arguments.out, header, batches)
    log.info("%s: maps of %s", explainer.name, ", ".join(phrases))
