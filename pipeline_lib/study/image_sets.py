"""The image sets of a study: which there are, where they lie, which published data sets they are."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.nearest import nearest
from pipeline_lib.data.transfer.sets import transfer_sets
from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.places import no_places

TRAIN, TEST, PLACES = "ilsvrc-train", "ilsvrc-test", "places205-val"
HELD_OUT = "ilsvrc-val2"  # ImageNetV2, with boxes: thresholds are chosen on it
BIRDS, HELD_OUT_BIRDS = "cub", "cubv2"
OPENIMAGES = "openimages30k"  # with object masks, for table_maps
PICKED = "-picked"  # the few images of a set that a figure shows
BY_CLIP = "-by-clip"  # the images of concepts that CLIP ranks first
SAMPLED = "-sampled"  # the few training images of each class that heads are fitted to
PARTS = (PICKED, BY_CLIP, SAMPLED)  # suffixes of a few chosen images of a set


def whole_set(image_set: str) -> str:
    """Return the name of the image set that images were chosen from, or of the set itself."""
    for suffix in PARTS:
        image_set = image_set.removesuffix(suffix)
    return image_set


@dataclass(frozen=True)
class ImageSet:
    """An image set: its name in file names, its title in tables, its chapter.

    Paths of images start at ``root``. The manifest is read from ``folders``, which the study draws
    itself if the set is ``synthetic``. ``published`` are keys of ``data/downloads.yaml``.
    """

    name: str
    title: str
    chapter: Literal[
        "ilsvrc", "photographs", "transfer", "held-out", "masks", "discovery", "places205"
    ]
    root: str
    folders: tuple[str, ...]
    published: tuple[str, ...] = ()
    synthetic: bool = False


def image_sets_of(
    configuration: Configuration, data_root: str, trains: bool
) -> dict[str, ImageSet]:
    """Return the image sets of a study by name, from the configuration and what lies in data_root.

    ``trains`` tells whether training images are needed. Raises InputError, naming the key, for a set
    that there is not.
    """
    image_sets = [*_ilsvrc(configuration, data_root, trains)]
    if configuration.photographs:
        folder = os.path.expanduser(configuration.photographs.folder)
        image_sets.append(ImageSet("photographs", "photographs", "photographs", folder, ()))
    if not no_places(configuration, data_root):
        root = f"{data_root}/places205"
        folders = (f"{root}/trainvalsplit_places205",)
        image_sets.append(
            ImageSet(PLACES, "Places205 val", "places205", root, folders, ("places205",))
        )
    image_sets += _transfer(configuration, data_root)
    image_sets += _openimages(configuration, data_root)
    image_sets += _discovery(configuration, data_root)
    return {image_set.name: image_set for image_set in image_sets}


@cache
def experiments() -> dict[str, dict]:
    """Return the experiments of section 4.2, entries of ``data/discovery.yaml``."""
    text = files("pipeline_lib.data").joinpath("discovery.yaml")
    return yaml.safe_load(text.read_text(encoding="utf-8"))


def transfer_root(configuration: Configuration, data_root: str) -> str:
    """Return the folder that the transfer data sets lie in."""
    return f"{data_root}/transfer" if configuration.world else data_root


def own_captions(configuration: Configuration) -> str:
    """Return the user's own file of captions; "" where there is none."""
    return os.path.expanduser(configuration.concepts.captions or "")


def needed_folders(configuration: Configuration, data_root: str, experiment: str) -> list[str]:
    """Return the folders that an experiment of section 4.2 needs; none for captions of one's own."""
    if experiment == "concepts" and own_captions(configuration):
        return []
    return [f"{data_root}/{folder}" for folder in experiments()[experiment]["folders"]]


def _ilsvrc(configuration: Configuration, data_root: str, trains: bool) -> list[ImageSet]:
    """Validation images always, training images where they are needed, test images if any."""
    root, world = f"{data_root}/ilsvrc", configuration.world
    # Test labels are not published: the test images are there to write a submission.
    has_test = bool(world.test_images) if world else os.path.isdir(f"{root}/test")
    image_sets = []
    for split in ["val", *["train"] * trains, *["test"] * has_test]:
        folders = ("ILSVRC2012_devkit_t12/data", split, "bbox/val")
        published = (f"ilsvrc_{split}", "ilsvrc_devkit", *["ilsvrc_val_boxes"] * (split == "val"))
        image_sets.append(
            ImageSet(
                f"ilsvrc-{split}",
                f"ILSVRC2012 {split}",
                "ilsvrc",
                root,
                (root,) if world else tuple(f"{root}/{folder}" for folder in folders),
                published,
                synthetic=world is not None,
            )
        )
    # The boxes of ImageNetV2 are not in every data_root; without them a part of val is held out.
    if not world and os.path.isdir(f"{root}/val2") and os.path.isdir(f"{root}/metadata/val"):
        folders = (f"{root}/val2", f"{root}/metadata/val")
        image_sets.append(ImageSet(HELD_OUT, "ImageNetV2", "ilsvrc", root, folders))
    return image_sets


def _transfer(configuration: Configuration, data_root: str) -> list[ImageSet]:
    root = transfer_root(configuration, data_root)
    sets = transfer_sets()
    folders = {name: f"{root}/{entry.folder}" for name, entry in sets.items()}
    synthetic = configuration.world is not None
    names = _chosen(
        "transfer",
        configuration.transfer.sets,
        {name: [folder] for name, folder in folders.items()},
        synthetic,
    )
    image_sets = [
        ImageSet(
            *(sets[name].layout, name, "transfer", folders[name], (folders[name],)),
            published=(sets[name].layout.replace("-", "_"),),
            synthetic=synthetic,
        )
        for name in names
    ]
    # As those of ImageNetV2, their boxes are not in every data_root.
    root = f"{data_root}/CUBV2"
    if any(each.name == BIRDS for each in image_sets) and os.path.isdir(f"{root}/metadata/val"):
        image_sets.append(ImageSet(HELD_OUT_BIRDS, "CUBV2", "held-out", root, (root,)))
    return image_sets


def _openimages(configuration: Configuration, data_root: str) -> list[ImageSet]:
    """OpenImages30k where it is there: no table of the paper needs it."""
    root = f"{data_root}/{OPENIMAGES}"
    if configuration.world or not os.path.isdir(f"{root}/metadata/test"):
        return []
    return [ImageSet(OPENIMAGES, "OpenImages30k", "masks", root, (root,))]


def _discovery(configuration: Configuration, data_root: str) -> list[ImageSet]:
    needed = {name: needed_folders(configuration, data_root, name) for name in experiments()}
    synthetic = configuration.world is not None
    image_sets = []
    for name in _chosen("discovery", configuration.discovery.sets, needed, synthetic):
        captions = own_captions(configuration) if name == "concepts" else ""
        if captions:
            root = os.path.dirname(captions) or "."
            image_sets.append(ImageSet(name, name, "discovery", root, (captions,)))
            continue
        root = f"{data_root}/discovery/{name}" if synthetic else data_root
        folders = (root,) if synthetic else tuple(needed[name])
        published = tuple(experiments()[name]["sets"])
        image_sets.append(ImageSet(name, name, "discovery", root, folders, published, synthetic))
    return image_sets


def _chosen(
    section: str, given: str | Sequence[str], folders: dict[str, list[str]], synthetic: bool
) -> list[str]:
    """Return the sets that a section asks for: those named, all, or those whose folders are there."""
    if not isinstance(given, str):
        for name in given:
            if name not in folders:
                known = f"{', '.join(folders)}{nearest(name, folders)}"
                raise InputError(f"config.{section}.sets: '{name}' is not one of {known}")
        return [name for name in folders if name in given]
    if synthetic or given == "all":
        return list(folders)
    return [name for name, needed in folders.items() if all(map(os.path.exists, needed))]
