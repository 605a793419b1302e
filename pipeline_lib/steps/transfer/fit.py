"""Fit and test the linear SVMs of an image set on one network's features, on every split.

Both raw and normalised features are scored; cross-validation on the training images chooses the C of
each, and which of the two the tables show. The classifier that is saved is that of the first split.
"""

import argparse
from pathlib import Path

import numpy as np

from pipeline_lib.common.command import command, log, progress, step_parser
from pipeline_lib.data.manifest import SPLIT_COLUMNS, read_csv, write_csv
from pipeline_lib.features.cache import WHOLE, read_features
from pipeline_lib.svm.classifier import save
from pipeline_lib.svm.fitting import fit_trial, to_classifier
from pipeline_lib.svm.flags import add_svm_flags, open_solvers_device, read_svm_flags
from pipeline_lib.svm.split_scores import FittedSplits, decisions_of, outcomes_by_image, score_rows
from pipeline_lib.svm.trials import make_trials, metric_of


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--features", type=Path, required=True, help="features of a network (.h5)")
    parser.add_argument("--images", type=Path, required=True, help="manifest")
    parser.add_argument("--splits", type=Path, required=True, help="splits of the manifest")
    parser.add_argument("--set", required=True, help="name of the image set in the table")
    parser.add_argument("--crop", default=WHOLE, help="name of the crop in the table")
    add_svm_flags(parser)
    parser.add_argument("--out", type=Path, required=True, help="classifier to write (.npz)")
    parser.add_argument("--scores", type=Path, required=True, help="CSV to write")
    parser.add_argument(
        "--decisions", type=Path, help="CSV to write: the first split's test images"
    )
    parser.add_argument("--outcomes", type=Path, help="the CSV to write with every image's outcome")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Fit all splits; write the scores, the first split's classifier and its decisions."""
    settings = read_svm_flags(arguments)
    features = read_features(arguments.features, arguments.images)
    values = np.asarray(features.features, np.float32)
    table = read_csv(arguments.splits, SPLIT_COLUMNS)
    metric, trials = metric_of(table), make_trials(table, features.image_id)
    open_solvers_device(settings)
    fitted = [
        fit_trial(values, trial, settings, metric=metric, seed=arguments.seed)
        for trial in progress(trials, "splits")
    ]
    splits = FittedSplits(metric, trials, fitted)
    scores = score_rows(splits, features, arguments.set, arguments.crop)
    for row in scores.to_dict("records"):
        log.info("%s", row)
    first, svm = trials[0], fitted[0][splits.chosen]
    save(arguments.out, to_classifier(first, svm, features))
    write_csv(arguments.scores, scores)
    if arguments.decisions is not None:
        write_csv(arguments.decisions, decisions_of(first, svm, features, metric))
    if arguments.outcomes is not None:
        write_csv(arguments.outcomes, outcomes_by_image(splits, features))
