"""Fit a linear SVM to all images of a set: each category against the rest, without a split.

This is how the paper trains its scene classifiers before it inspects their maps (section 4.2).
Cross-validation chooses C and whether features are normalised, and gives a held-out accuracy; the SVM
that is written is then trained on all images.
"""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import write_json
from pipeline_lib.data.manifest import read_images
from pipeline_lib.discovery.scene_classifier import fit_scene_classifier
from pipeline_lib.features.cache import read_features
from pipeline_lib.svm.classifier import save
from pipeline_lib.svm.flags import add_svm_flags, open_solvers_device, read_svm_flags


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--features", type=Path, required=True, help="the .h5 of a network")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    add_svm_flags(parser)
    parser.add_argument("--out", type=Path, required=True, help="the classifier's .npz to write")
    parser.add_argument("--scores", type=Path, required=True, help="JSON to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Read, fit, write."""
    settings = read_svm_flags(arguments)
    features = read_features(arguments.features, arguments.images)
    labels = read_images(arguments.images)["label"]
    if labels.nunique() < 2:
        raise InputError(f"{arguments.images}: all images are of one category; index more")
    open_solvers_device(settings)
    classifier, scores = fit_scene_classifier(features, labels, settings, arguments.seed)
    save(arguments.out, classifier)
    write_json(arguments.scores, scores, checksum=True)
    log.info("%s", scores)
