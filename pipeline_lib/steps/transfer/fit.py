"""Fit and test the linear SVMs of an image set on one network's features, on every split.

Raw and normalised features are tried, each with the C that cross-validation on the training images
chooses; so is which of the two the tables show. The classifier that is kept is the first split's.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.command import command, log, progress, step_parser
from pipeline_lib.data.manifest import SPLIT_COLUMNS, read_csv, write_csv
from pipeline_lib.evaluation.transfer import COLUMNS, DECISION_COLUMNS, Outcomes, summarise
from pipeline_lib.features.cache import Features, read_features
from pipeline_lib.svm.classifier import save
from pipeline_lib.svm.flags import add_flags, fit_options
from pipeline_lib.svm.metrics import ACCURACY
from pipeline_lib.svm.protocol import Fitted, as_classifier, fit_trial
from pipeline_lib.svm.trials import Trial, metric_of, trials


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--features", type=Path, required=True, help="the .h5 of a network")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--splits", type=Path, required=True, help="the manifest's splits")
    parser.add_argument("--set", required=True, help="what the table calls it")
    parser.add_argument("--crop", default="whole", help="what the features are of, for the table")
    add_flags(parser)
    parser.add_argument("--out", type=Path, required=True, help="the classifier's .npz to write")
    parser.add_argument("--scores", type=Path, required=True, help="CSV to write")
    parser.add_argument("--decisions", type=Path, help="CSV: the first split's test images")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Fit every split, then choose, score and write."""
    options = fit_options(arguments)
    features = read_features(arguments.features, arguments.images)
    values = np.asarray(features.features, np.float32)
    table = read_csv(arguments.splits, SPLIT_COLUMNS)
    metric, splits = metric_of(table), trials(table, features.image_id)
    fitted = [
        fit_trial(
            values,
            trial,
            metric=metric,
            **options,
        )
        for trial in progress(splits, "splits")
    ]
    kinds = list(zip(*fitted, strict=True))  # raw and normalised, each of all splits
    chosen = int(np.argmax([np.mean([one.validated for one in kind]) for kind in kinds]))
    rows = []
    for kind, of_splits in enumerate(kinds):
        outcomes = [
            Outcomes(_units(trial, features, metric), one.outcomes)
            for trial, one in zip(splits, of_splits, strict=True)
        ]
        value, low, high, spread, n = summarise(outcomes)
        whose = (features.name, arguments.set, arguments.crop, metric)
        choice = (of_splits[0].normalised, kind == chosen, _costs(of_splits))
        rows.append((*whose, *choice, value, low, high, spread, n, len(splits)))
        log.info("%s", dict(zip(COLUMNS, rows[-1], strict=True)))
    first, kept = splits[0], fitted[0][chosen]
    save(arguments.out, as_classifier(first, kept, features))
    write_csv(arguments.scores, pd.DataFrame(rows, columns=list(COLUMNS)))
    if arguments.decisions is not None:
        write_csv(arguments.decisions, _decisions(first, kept, features, metric))


def _units(trial: Trial, features: Features, metric: str) -> np.ndarray:
    """What the outcomes of a trial are of: its test images, or its attributes."""
    if metric == ACCURACY:
        return np.array(features.image_id)[trial.test.rows]
    return np.array(trial.classes)


def _costs(fitted: tuple[Fitted, ...]) -> str:
    """The C of the splits: one, or from the least to the largest."""
    costs = sorted({one.cost for one in fitted})
    return " to ".join(f"{cost:g}" for cost in dict.fromkeys((costs[0], costs[-1])))


def _decisions(trial: Trial, fitted: Fitted, features: Features, metric: str) -> pd.DataFrame:
    """Each test image's class, the class with the highest decision value, and that value."""
    names = np.array(features.image_id)[trial.test.rows]
    classes = np.array(trial.classes)
    if metric != ACCURACY:  # an image has no one class
        return pd.DataFrame(columns=list(DECISION_COLUMNS))
    truth = classes[trial.test.targets.argmax(1)]
    guess, score = classes[fitted.values.argmax(1)], fitted.values.max(1)
    columns = dict(zip(DECISION_COLUMNS, (names, truth, guess, score), strict=True))
    return pd.DataFrame(columns)
