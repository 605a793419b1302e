"""Fit a linear SVM to all images of a set: each category against the rest, with no split.

The paper trains its scene classifiers so before it looks at their maps (section 4.2). C, and whether
features are normalised, are chosen by cross-validation, which also says how many images the SVM gets
right that it has not seen; the SVM that is kept has seen them all.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import write_json
from pipeline_lib.data.manifest import read_images
from pipeline_lib.evaluation.interval import error_interval
from pipeline_lib.features.cache import read_features
from pipeline_lib.svm.classifier import save
from pipeline_lib.svm.flags import add_flags, fit_options
from pipeline_lib.svm.metrics import ACCURACY
from pipeline_lib.svm.problem import one_vs_rest
from pipeline_lib.svm.protocol import as_classifier, fit_trial
from pipeline_lib.svm.trials import Part, Trial


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--features", type=Path, required=True, help="the .h5 of a network")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    add_flags(parser)
    parser.add_argument("--out", type=Path, required=True, help="the classifier's .npz to write")
    parser.add_argument("--scores", type=Path, required=True, help="JSON to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Fit, choose, write."""
    options = fit_options(arguments)
    features = read_features(arguments.features, arguments.images)
    labels = pd.Categorical(read_images(arguments.images)["label"])
    if len(labels.categories) < 2:
        raise InputError(f"{arguments.images}: all images are of one category; index more")
    everything = Part(np.arange(len(labels)), one_vs_rest(labels.codes, len(labels.categories)))
    trial = Trial("all", list(labels.categories), everything, everything)
    fitted = fit_trial(
        np.asarray(features.features, np.float32),
        trial,
        metric=ACCURACY,
        **options,
    )
    kept = max(fitted, key=lambda one: one.validated)  # raw features where they are as good
    save(arguments.out, as_classifier(trial, kept, features))
    scores = {
        "network": features.name,
        "categories": trial.classes,
        "cost": kept.cost,
        "normalised": kept.normalised,
        "held_out_accuracy": _with_interval(kept.validated, len(labels)),
        "held_out": f"each image in one of {arguments.folds} folds",
        "accuracy": _with_interval(float(kept.outcomes.mean()), len(labels)),
    }
    write_json(arguments.scores, scores)
    log.info("%s", scores)


def _with_interval(part: float, n: int) -> dict[str, float]:
    """A part of n images with its 95 % bootstrap interval, in percent."""
    low, high = error_interval(np.arange(n) < round(part * n))
    return {"percent": 100 * part, "low": 100 * low, "high": 100 * high, "n": n}
