"""Rank the held-out images of Figure 10 by CLIP: a phrase's embedding in place of a mined detector.

The phrases and the held-out images are Figure 10's. Nothing is trained: captions are used for the
measures alone.
"""

import argparse
from pathlib import Path

import numpy as np

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.machine import add_threads_flag, limit_threads, open_device, use_precision
from pipeline_lib.data.discovery.captions import captions_of
from pipeline_lib.data.manifest import pictures, read_images, write_csv
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.discovery.concept_tables import (
    picked_images,
    rank_images,
    read_concepts,
    tabulate_phrases,
)
from pipeline_lib.discovery.concepts import split_images
from pipeline_lib.discovery.phrases import phrase_matrix
from pipeline_lib.features.forward import feature_batches
from pipeline_lib.localization.forward import predict, predictions_header
from pipeline_lib.localization.phrases import phrase_explainer
from pipeline_lib.localization.predictions import write_predictions
from pipeline_lib.networks.clip import Clip
from pipeline_lib.study.configuration.discovery import ConceptsSection
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.localization import PredictionSection

_CONCEPTS, _PREDICTION = (
    ("held_out_fraction", "seed", "pictures"),
    ("batch", "workers", "precision"),
)


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--clip", required=True, help="its name in open_clip, with a tag")
    parser.add_argument("--weights-folder", type=Path, help="folder that may have its weights")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--root", required=True, help="the folder its paths start from")
    parser.add_argument("--annotations", type=Path, required=True, help="its captions")
    parser.add_argument("--mined", type=Path, required=True, help="the measures of Figure 10")
    add_settings(parser, ConceptsSection, *_CONCEPTS)
    add_settings(parser, PredictionSection, *_PREDICTION)
    add_threads_flag(parser)
    parser.add_argument("--concepts", type=Path, required=True, help="CSV to write: the measures")
    parser.add_argument("--ranking", type=Path, required=True, help="CSV to write: first images")
    parser.add_argument("--picked", type=Path, required=True, help="the figure's manifest to write")
    parser.add_argument("--out", type=Path, required=True, help="the .h5 of their maps to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Embed, rank, write the tables, then the maps of the first images."""
    limit_threads(arguments.threads)
    config = read_settings(arguments, ConceptsSection, *_CONCEPTS)
    settings = read_settings(arguments, PredictionSection, *_PREDICTION)
    mined, images = read_concepts(arguments.mined), read_images(arguments.images)
    captions = captions_of(arguments.annotations, list(images["image_id"]))
    root = root_folder(arguments.root)
    held_out = split_images(len(images), config.held_out_fraction, config.seed).held_out
    ranked = images.iloc[held_out]
    phrases = mined["concept"].tolist()
    clip = Clip(arguments.clip, arguments.weights_folder)
    explainer = phrase_explainer(clip, phrases)
    device = open_device()
    precision = use_precision(settings.precision, device)
    values = np.concatenate(
        list(
            feature_batches(
                explainer.network, clip.preprocessing, pictures(ranked, root),
                batch=settings.batch, workers=settings.workers, precision=precision, device=device,
            )
        )
    )  # fmt: skip
    has_phrase = phrase_matrix([captions[row] for row in held_out], phrases)
    table = tabulate_phrases(mined, values, has_phrase)
    ranking = rank_images(
        phrases, list(ranked["image_id"]), values, has_phrase, np.arange(len(ranked))
    )
    write_csv(arguments.concepts, table)
    write_csv(arguments.ranking, ranking)
    shown = table.loc[table["shown"], "concept"].tolist()
    picked = picked_images(ranking[ranking["rank"] <= config.pictures], images, shown)
    write_csv(arguments.picked, picked)
    header = predictions_header(
        explainer, picked, arguments.picked, root, crops=1, precision=precision
    )
    batches = predict(
        explainer, pictures(picked, root), header.true_class,
        crops=1, batch=settings.batch, workers=settings.workers, device=device,
    )  # fmt: skip
    write_predictions(arguments.out, header, batches)
    for row in table.itertuples():
        log.info("%s: precision at 10 %.2f, chance %.2f", row.concept, row.precision, row.chance)
