"""Flags of the steps that read data sets."""

import os
import shlex
from pathlib import Path
from typing import Any

from pipeline_lib.common.files import below
from pipeline_lib.data.transfer.sets import transfer_sets
from pipeline_lib.study.contents import contents
from pipeline_lib.study.flags.words import pairs
from pipeline_lib.study.image_sets import BIRDS, own_captions, transfer_root
from pipeline_lib.study.paths import VAL
from pipeline_lib.study.study import Study

_SYNTHETIC = "The images are synthetic, in the layout of ILSVRC."
_SYNTHETIC_BOXES = (
    "Synthetic objects have the colours of their surroundings, which leaves a graph cut, and with it "
    "backprop, little to go by."
)
# Where object masks may lie that the set's own folders do not show, relative to its root.
_MASK_FOLDERS = {VAL: "masks/val", BIRDS: "../segmentations"}
SCENE_KEYS = ("categories", "min_images", "coverage", "short_polygons")


def index(study: Study, wildcards: Any) -> str:
    """How images are read, and options of the reader of an official layout."""
    images = study.configuration.images
    options = [_reader_options(study, wildcards)]
    options += ["--unreadable skip"] * (images.unreadable == "skip")
    options += [f"--view {images.view}"] * (images.view != "stored")
    return " ".join(filter(None, options))


def index_threads(study: Study) -> int:
    """The threads that decode images: reading a layout alone opens few of them."""
    section = study.configuration
    return section.prediction.threads if section.images.unreadable == "skip" else 1


def _reader_options(study: Study, wildcards: Any) -> str:
    image_set = study.image_sets[wildcards.image_set]
    configuration = study.configuration
    if image_set.chapter == "ilsvrc":
        flags = f"--expected {configuration.ilsvrc.val_images}"
        if study.is_synthetic:
            flags += f" --note {shlex.quote(_SYNTHETIC)} --box-note {shlex.quote(_SYNTHETIC_BOXES)}"
        return flags
    if image_set.chapter == "transfer":
        paper = transfer_sets()[image_set.title]
        if not paper.random_splits or paper.metric != "accuracy":
            return ""  # official splits are as they are
        given = {"train": configuration.transfer.train, "repeats": configuration.transfer.splits}
        return " ".join(
            f"--{flag} {number}" for flag, number in given.items() if number is not None
        )
    if image_set.name == "scenes":
        section = configuration.scenes
        return pairs("--option", {key: getattr(section, key) for key in SCENE_KEYS})
    if image_set.name == "concepts" and (captions := own_captions(configuration)):
        return pairs("--option", {"captions": captions})
    return ""


def drawn_folders(study: Study, wildcards: Any) -> list[str]:
    """The folders that a manifest is read from, where the study draws them itself."""
    image_set = study.image_sets[wildcards.image_set]
    return list(image_set.folders) if image_set.synthetic else []


def official_contents(study: Study, wildcards: Any) -> str:
    """What lies in the official folders that a manifest is read from: a change reads them again."""
    image_set = study.image_sets[wildcards.image_set]
    if image_set.synthetic:
        return ""
    folders = list(image_set.folders or [image_set.root])
    if image_set.name in _MASK_FOLDERS:
        masks = str(below(Path(image_set.root), _MASK_FOLDERS[image_set.name]))
        folders += [masks] * os.path.isdir(masks)
    return contents(*folders)


def transfer_folders(study: Study) -> list[str]:
    """The folders of all transfer data sets, as they are drawn together."""
    root = transfer_root(study.configuration, study.data_root)
    return [f"{root}/{paper.folder}" for paper in transfer_sets().values()]
