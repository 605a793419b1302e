"""Names of classes, for people."""

from collections.abc import Sequence
from pathlib import Path

from pipeline_lib.data.manifest import CLASS_COLUMNS, read_csv


def _imagenet():
    """Return timm's list of ImageNet's classes; importing timm takes seconds, so not before."""
    from timm.data import ImageNetInfo

    return ImageNetInfo()


def imagenet_labels() -> list[str]:
    """Return ImageNet's 1,000 WNIDs, sorted: the order of every ready-trained network's scores."""
    return _imagenet().label_names()


def class_names(classes: Path | None) -> dict[str, str]:
    """Return names by label: ImageNet's, and over them those of a manifest's classes file."""
    describe = _imagenet().label_name_to_description
    names = {label: describe(label) for label in imagenet_labels()}
    return names if classes is None else names | names_in([classes])


def names_in(classes: Sequence[Path]) -> dict[str, str]:
    """Return the names by label of several classes files, without ImageNet's."""
    frames = [read_csv(path, CLASS_COLUMNS) for path in classes]
    given = [pair for frame in frames for pair in zip(frame["label"], frame["name"], strict=True)]
    return {label: name for label, name in given if name}


def short_name(names: dict[str, str], label: str) -> str:
    """Return the first of a class's synonyms, the label itself where it has no name."""
    return names.get(label, label).split(",")[0]
