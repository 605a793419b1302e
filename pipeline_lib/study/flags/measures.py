"""Flags of the steps that run networks and measure what they give."""

import shlex
from typing import Any

from pipeline_lib.study.configuration.discovery import MiningConfig
from pipeline_lib.study.configuration.flags import as_flags
from pipeline_lib.study.configuration.localization import PIXEL_METHODS
from pipeline_lib.study.image_sets import BIRDS, HELD_OUT, HELD_OUT_BIRDS, SAMPLED, TRAIN, whole_set
from pipeline_lib.study.paths import BACKPROP, GAUSSIAN, NETWORK, ONE_CROP, SVM, TEN_CROP, VAL, Maps
from pipeline_lib.study.study import Study

HIGHLIGHT_KEYS = ("threshold", "min_overlap_fraction", "min_overlap_rate", "grid", "draws")
UNIT_KEYS = ("count", "units", "top", "shown", "method", "occluded", "occluder", "stride")


def predict(study: Study, wildcards: Any) -> str:
    """Which maps are made, over which crops, in which precision."""
    return _maps(study, wildcards) + precision(study)


def predict_methods(study: Study, wildcards: Any) -> str:
    """The methods whose maps are made together, of the true class alone, and where they read."""
    methods = " ".join(study.shared_methods)
    return f"--method {methods} --true-class-only{_layer(study, wildcards)}{precision(study)}"


def few_shot(study: Study) -> str:
    """The images whose boxes are fitted to: those that thresholds are chosen on, or a part."""
    flags = as_flags(study.configuration.boxes, "held_out_fraction") + precision(study)
    if HELD_OUT not in study.image_sets:
        return flags
    tables = [study.paths.manifest(HELD_OUT, table) for table in ("images", "boxes")]
    return f"{flags} {shlex.join(['--held-out', *tables, study.root(HELD_OUT)])}"


def precision(study: Study) -> str:
    """The precision of networks that predict, where it is not the default: a new key reruns nothing."""
    given = study.configuration.prediction
    is_default = given.precision == type(given).model_fields["precision"].default
    return "" if is_default else f" --precision {given.precision}"


def _maps(study: Study, wildcards: Any) -> str:
    crops = 10 if wildcards.crops == TEN_CROP else 1
    if wildcards.map_source == SVM:
        which = f"--classifier {shlex.quote(classifier(study, wildcards)[0])}"
        return f"{which} --crops {crops}" if crops > 1 else which  # the step refuses ten
    if wildcards.map_source in PIXEL_METHODS:
        averaged = as_flags(study.configuration.map_methods, "gradients")
        averaged = f"{averaged} " * (bool(averaged) and wildcards.map_source != BACKPROP)
        return f"--method {wildcards.map_source} {averaged}--crops {crops}"
    config = study.networks[wildcards.network].config
    layer = f"--layer {shlex.quote(config.layer)} " if config.layer else ""
    if wildcards.map_source != NETWORK:  # for table_maps, which needs the true class alone
        return f"--method {wildcards.map_source} --true-class-only {layer}--crops {crops}"
    method = f"--method {config.maps} " if config.maps else ""
    return f"{method}{layer}--crops {crops}"


def classifier(study: Study, wildcards: Any) -> list[str]:
    """The linear SVM whose classes are predicted, if they are not the network's own."""
    if wildcards.map_source != SVM:
        return []
    image_set = whole_set(wildcards.image_set)
    if image_set in (VAL, HELD_OUT):
        image_set = f"{TRAIN}{SAMPLED}"
    if image_set == HELD_OUT_BIRDS:
        image_set = BIRDS
    return [study.paths.svm(image_set, "whole", wildcards.network)]


def randomize(study: Study, wildcards: Any) -> str:
    """How far a network is randomized, on how many images, and where Grad-CAM reads it."""
    flags = as_flags(study.configuration.checks, "randomized_images", "randomized_stages")
    return flags + _layer(study, wildcards) + precision(study)


def faithfulness(study: Study, wildcards: Any) -> str:
    """On how many images faithfulness is measured, in how many steps, and what the maps are of."""
    checks, boxes = study.configuration.checks, study.configuration.boxes
    flags = as_flags(checks, "faithfulness_images", "faithfulness_steps")
    return f"{flags} {as_flags(boxes, 'interpolation')}{_layer(study, wildcards)}{precision(study)}"


def _layer(study: Study, wildcards: Any) -> str:
    layer = study.networks[wildcards.network].config.layer
    return f" --layer {shlex.quote(layer)}" if layer else ""


def localize(study: Study, wildcards: Any) -> str:
    """How boxes are made; only the paper's box method has a threshold."""
    names = ["interpolation", *["threshold"] * (wildcards.box_method == "paper")]
    return as_flags(study.configuration.boxes, *names)


def held_out(study: Study, wildcards: Any) -> str:
    """What thresholds are chosen on, if not on a part of the scored images."""
    maps = Maps(VAL, wildcards.map_source, wildcards.crops, wildcards.network)
    paths = study.held_out(maps)
    return shlex.join(["--held-out", *paths]) if paths else ""


def svm_map_files(study: Study, wildcards: Any) -> dict[str, list[str]]:
    """The maps of a set by a network's SVM and the images that thresholds are chosen on, by flag.

    The centred Gaussian has no maps of its own.
    """
    maps = Maps(wildcards.image_set, SVM, ONE_CROP, wildcards.mapped)
    predictions, held_out = [study.paths.predictions(maps)], study.held_out(maps)
    if wildcards.mapped == GAUSSIAN:
        predictions, held_out = [], held_out[:-1]
    given = {"--predictions": predictions, "--held-out": held_out}
    return {flag: paths for flag, paths in given.items() if paths}


def svm_maps(study: Study, wildcards: Any) -> str:
    """The maps whose scores are measured."""
    return shlex.join(
        word for flag, paths in svm_map_files(study, wildcards).items() for word in (flag, *paths)
    )


def crop_boxes(study: Study, wildcards: Any) -> list[str]:
    """The boxes that images are cropped to: none, the true ones, or those of the SVM's maps."""
    if wildcards.crop == "whole":
        return []
    if wildcards.crop == "box":
        return [study.paths.manifest(wildcards.image_set, "boxes")]
    return [study.paths.boxes(Maps(wildcards.image_set, SVM, ONE_CROP, wildcards.network), "paper")]


def features(study: Study, wildcards: Any) -> str:
    """What images are cropped to."""
    return shlex.join(word for path in crop_boxes(study, wildcards) for word in ("--boxes", path))


def answer_submissions(study: Study) -> str:
    """The files for the VQA server, each with its flag."""
    names = {"OpenEnded": "--open-ended", "MultipleChoice": "--multiple-choice"}
    return shlex.join(
        word for task, path in study.vqa_submissions.items() for word in (names[task], path)
    )


def concepts(study: Study) -> str:
    """How concepts are chosen and mined: the phrases that are given, or how to find some."""
    section = study.configuration.concepts
    chosen = ["phrases"] if section.phrases else ["count", "max_words", "min_images"]
    rest = ["held_out_fraction", *MiningConfig.model_fields, "show", "pictures"]
    return as_flags(section, *chosen, *rest)


def by_clip(study: Study) -> str:
    """Which images CLIP ranks, how many are shown, in which precision."""
    section = study.configuration.concepts
    return as_flags(section, "held_out_fraction", "seed", "pictures") + precision(study)


def units(study: Study, wildcards: Any) -> str:
    """Which units are inspected, and how."""
    section = study.configuration.units
    classes = section.classes if wildcards.image_set == VAL else section.places
    named = f"--classes {shlex.join(classes)} " if classes else ""
    return named + as_flags(section, *UNIT_KEYS) + precision(study)


def unit_files(study: Study, table: str) -> dict[str, str]:
    """The files that a table of units is made from, by the step's flags."""
    image_set, network = study.unit_sets[table]
    tables = {
        name: study.paths.manifest(image_set, name) for name in ("images", "boxes", "classes")
    }
    return {"units": study.paths.units(image_set, network)} | tables
