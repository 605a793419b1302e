"""Released weights of the paper's networks, and our networks with these weights."""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import yaml
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.nearest import nearest
from pipeline_lib.data.classes import imagenet_labels
from pipeline_lib.networks.caffe.reader import read_caffemodel
from pipeline_lib.networks.caffe.weights import caffe_state
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.registry import build
from pipeline_lib.networks.weights import load_state

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Release:
    """One entry of released.yaml, which describes the fields."""

    network: str
    file: str
    address: str
    bytes: int | None
    sha1: str | None
    architecture: str
    options: dict
    size: int
    mean_bgr: tuple[float, float, float]
    licence: str
    source: str
    classes: int | None = None

    @property
    def labels(self) -> list[str]:
        """The classes in the order of the scores; numbers if they are not ImageNet's."""
        return imagenet_labels() if self.classes is None else list(map(str, range(self.classes)))

    @property
    def preprocessing(self) -> Preprocessing:
        """As in Caffe: images warped to 256x256; red, green, blue from 0 to 255, minus the mean."""
        mean = tuple(value / 255 for value in reversed(self.mean_bgr))
        return Preprocessing((self.size,) * 2, mean, (1 / 255,) * 3, warp=(256, 256))


@cache
def releases() -> Mapping[str, Release]:
    """Return all known releases, by the paper's names of the networks."""
    text = files(__package__).joinpath("released.yaml").read_text(encoding="utf-8")
    return {name: Release(name, **fields) for name, fields in yaml.safe_load(text).items()}


def find_release(network: str) -> Release:
    """Return the release of a network of the paper; AlexNetplus-GAP is the paper's AlexNet*-GAP.

    Raises InputError if none was released.
    """
    release = releases().get(network.replace("*", "plus"))
    if release is None:
        known = f"{', '.join(releases())}{nearest(network, releases())}"
        raise InputError(f"{network}: no weights of it were released; choose one of {known}")
    return release


def read_release(release: Release, folder: Path | None) -> tuple[dict[str, list[np.ndarray]], Path]:
    """Return the layers of the released file, and its path in ``folder``.

    Raises InputError for a missing or unreadable file. A file with another SHA-1 than the released one
    is read, with a warning.
    """
    path = (folder or Path()) / release.file
    if folder is None or not path.exists():
        size = f" ({release.bytes / 1e6:.0f} MB)" if release.bytes else ""
        raise InputError(
            f"{path}: not found; fetch {release.address}{size} and put it there, "
            "or name its folder with --weights-folder"
        )
    if release.sha1 is not None:
        with open(path, "rb") as file:
            sha1 = hashlib.file_digest(file, "sha1").hexdigest()
        if sha1 != release.sha1:
            log.warning(
                "%s: its SHA-1 is %s, that of the released file is %s", path, sha1, release.sha1
            )
    return read_caffemodel(path), path


def adopt_released(network: str, folder: Path | None) -> tuple[nn.Module, NetworkCard]:
    """Return a network of the paper with its released weights, and its card.

    Raises InputError if none were released, or the file is not in ``folder`` or does not fit.
    """
    release = find_release(network)
    layers, path = read_release(release, folder)
    classes = release.labels
    classifier = build(release.architecture, len(classes), release.options)
    state, unused = caffe_state(classifier, layers)
    load_state(classifier, state, path)
    if unused:
        log.info("%s: not used: %s", path, ", ".join(unused))
    card = NetworkCard(
        name=release.network,
        source="caffe",
        architecture=release.architecture,
        options=release.options,
        classes=classes,
        preprocessing=release.preprocessing,
        training={"weights": path.name, "unused": unused},
    )
    return classifier, card
