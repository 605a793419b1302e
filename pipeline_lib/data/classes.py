"""Human-readable names of classes."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from pipeline_lib.data.manifest import CLASS_COLUMNS, read_csv


class ClassNames(dict):
    """Names by label: the given ones, else ImageNet's, else the label itself."""

    def __missing__(self, label: str) -> str:
        in_imagenet = label in _imagenet_set()
        self[label] = _imagenet().label_name_to_description(label) if in_imagenet else label
        return self[label]


@lru_cache(maxsize=1)
def _imagenet():
    """Return timm's list of ImageNet's classes; timm is imported late because that takes seconds."""
    from timm.data import ImageNetInfo

    return ImageNetInfo()


@lru_cache(maxsize=1)
def _imagenet_set() -> frozenset[str]:
    return frozenset(imagenet_labels())


def imagenet_labels() -> list[str]:
    """Return ImageNet's 1,000 WNIDs, sorted: the order of every ready-trained network's scores."""
    return _imagenet().label_names()


def read_class_names(class_tables: Sequence[Path]) -> ClassNames:
    """Return the names by label of several class tables; where they disagree, the last one counts."""
    frames = [read_csv(path, CLASS_COLUMNS) for path in class_tables]
    pairs = [pair for frame in frames for pair in zip(frame["label"], frame["name"], strict=True)]
    return ClassNames({label: name for label, name in pairs if name})


def short_name(names: dict[str, str], label: str) -> str:
    """Return the first of a class's synonyms."""
    return names[label].split(",")[0]
