"""Names of classes, for people."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from pipeline_lib.data.manifest import CLASS_COLUMNS, read_csv


class ClassNames(dict):
    """Names by label: those given, else ImageNet's; a label without a name is its own."""

    def __missing__(self, label: str) -> str:
        info = _imagenet()
        known = label in _imagenet_set()
        self[label] = info.label_name_to_description(label) if known else label
        return self[label]


@lru_cache(maxsize=1)
def _imagenet():
    """Return timm's list of ImageNet's classes; importing timm takes seconds, so not before."""
    from timm.data import ImageNetInfo

    return ImageNetInfo()


@lru_cache(maxsize=1)
def _imagenet_set() -> frozenset[str]:
    return frozenset(imagenet_labels())


def imagenet_labels() -> list[str]:
    """Return ImageNet's 1,000 WNIDs, sorted: the order of every ready-trained network's scores."""
    return _imagenet().label_names()


def names_in(classes: Sequence[Path]) -> ClassNames:
    """Return the names by label of several classes files, of the last where they disagree."""
    frames = [read_csv(path, CLASS_COLUMNS) for path in classes]
    given = [pair for frame in frames for pair in zip(frame["label"], frame["name"], strict=True)]
    return ClassNames({label: name for label, name in given if name})


def short_name(names: dict[str, str], label: str) -> str:
    """Return the first of a class's synonyms."""
    return names[label].split(",")[0]
