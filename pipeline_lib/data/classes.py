"""Human-readable names of classes."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from pipeline_lib.data.manifest import CLASS_COLUMNS, read_csv


class ClassNames(dict):
    """Names by label: the given ones, else ImageNet's, else the label itself."""

    def __missing__(self, label: str) -> str:
        self[label] = _imagenet().get(label, label)
        return self[label]


@lru_cache(maxsize=1)
def _imagenet() -> dict[str, str]:
    """Return the names of ImageNet's classes by WNID, in timm's order.

    They are read from timm's files: to import it, and PyTorch with it, takes seconds, or minutes where
    the disk is slow.
    """
    folder = Path(find_spec("timm").origin).parent / "data" / "_info"
    text = (folder / "imagenet_synset_to_lemma.txt").read_text(encoding="utf-8")
    names = dict(line.split("\t") for line in text.splitlines())
    labels = (folder / "imagenet_synsets.txt").read_text(encoding="utf-8").splitlines()
    return {label: names[label] for label in labels}


def imagenet_labels() -> list[str]:
    """Return ImageNet's 1,000 WNIDs, sorted: the order of every ready-trained network's scores."""
    return list(_imagenet())


def read_class_names(class_tables: Sequence[Path]) -> ClassNames:
    """Return the names by label of several class tables; where they disagree, the last one counts."""
    frames = [read_csv(path, CLASS_COLUMNS) for path in class_tables]
    pairs = [pair for frame in frames for pair in zip(frame["label"], frame["name"], strict=True)]
    return ClassNames({label: name for label, name in pairs if name})


def short_name(names: dict[str, str], label: str) -> str:
    """Return the first of a class's synonyms."""
    return names[label].split(",")[0]
