"""The SVM of all images of a scene set: each category against the rest, without a split."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline_lib.evaluation.interval import error_interval
from pipeline_lib.features.cache import Features
from pipeline_lib.study.configuration.transfer import SvmConfig
from pipeline_lib.svm.classifier import LinearClassifier
from pipeline_lib.svm.fitting import fit_trial, to_classifier
from pipeline_lib.svm.metrics import ACCURACY
from pipeline_lib.svm.problem import one_vs_rest
from pipeline_lib.svm.trials import Subset, Trial


def fit_scene_classifier(
    features: Features, labels: Sequence[str], settings: SvmConfig, seed: int
) -> tuple[LinearClassifier, dict]:
    """Fit one-vs-rest SVMs to all images; return them and their scores, in percent with intervals.

    Normalised features are used if their cross-validation accuracy is higher; ``seed`` is that of the
    folds. ``labels`` need at least two categories.
    """
    categories = pd.Categorical(labels)
    targets = one_vs_rest(categories.codes, len(categories.categories))
    all_images = Subset(np.arange(len(labels)), targets)
    trial = Trial("all", list(categories.categories), all_images, all_images)
    values = np.asarray(features.features, np.float32)
    svms = fit_trial(values, trial, settings, metric=ACCURACY, seed=seed)
    best = max(svms, key=lambda svm: svm.validation_score)  # raw features if they are as good
    scores = {
        "network": features.name,
        "categories": trial.classes,
        "cost": best.cost,
        "normalised": best.normalised,
        "folds": settings.folds,
        "held_out_accuracy": _with_interval(best.validation_score, len(labels)),
        "accuracy": _with_interval(float(best.outcomes.mean()), len(labels)),
    }
    return to_classifier(trial, best, features), scores


def _with_interval(fraction: float, n: int) -> dict[str, float]:
    """A fraction of n images with its 95 % bootstrap interval, in percent."""
    low, high = error_interval(np.arange(n) < round(fraction * n))
    return {"percent": 100 * fraction, "low": 100 * low, "high": 100 * high, "n": n}
