"""Human-readable names of classes."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.text import read_text_lines
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


def classes_by_name(
    wanted: Sequence[str], labels: Sequence[str], names: Mapping[str, str]
) -> list[int]:
    """Return the indices in ``labels`` of classes given by label, name or synonym, in any case.

    A label wins over a name, a whole name over one of several synonyms: "cardigan" is the garment, not
    the corgi. Raises InputError for a class that there is not, and for a name of several.
    """
    return [_index_of(text, labels, names) for text in wanted]


def _index_of(text: str, labels: Sequence[str], names: Mapping[str, str]) -> int:
    sought = text.strip().casefold()
    ways = (
        lambda label: [label],
        lambda label: [names[label]],
        lambda label: names[label].split(","),
    )
    for spelled in ways:
        found = [
            index
            for index, label in enumerate(labels)
            if sought in (word.strip().casefold() for word in spelled(label))
        ]
        if len(found) == 1:
            return found[0]
        if found:
            candidates = ", ".join(f"{labels[index]} ({names[labels[index]]})" for index in found)
            raise InputError(
                f"class '{text}': {len(found)} have this name: {candidates}; give a label"
            )
    raise InputError(f"class '{text}': the network does not have it; give its label or name")


def read_labels(path: Path) -> list[str]:
    """Read the labels of a network's classes, one in each line, in the order of its scores.

    Raises InputError if the file is missing, has no line, or the same label twice.
    """
    try:
        labels = [line.strip() for line in read_text_lines(path)]
    except FileNotFoundError:
        raise InputError(f"{path}: not found; write a class in each line") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({reason_of(error)})") from None
    labels = [label for label in labels if label]
    if not labels or len(set(labels)) < len(labels):
        what = "names a class twice" if labels else "names no class"
        raise InputError(f"{path}: {what}; write each class in a line, in the order of the scores")
    return labels


def short_name(names: dict[str, str], label: str) -> str:
    """Return the first of a class's synonyms."""
    return names[label].split(",")[0]
