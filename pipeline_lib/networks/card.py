"""A network's card: everything about it except its weights. Reading one needs no PyTorch."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.files import fingerprint, read_json


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the input: warped to ``size`` (height, width), normalised by mean and std.

    Ten crops of ``size`` are cut from the image warped to ``warp``; by default larger than ``size`` in
    the authors' proportion, 256 to 224.
    """

    size: tuple[int, int]
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    warp: tuple[int, int] | None = None

    @property
    def warped(self) -> tuple[int, int]:
        """The (height, width) that ten crops are cut from."""
        return self.warp or tuple(round(side * 256 / 224) for side in self.size)


@dataclass(frozen=True)
class NetworkCard:
    """Everything about a network except its weights.

    ``source`` is "trained" or "caffe" (then ``architecture`` and ``options`` are those of the registry),
    or the library it comes from (then ``architecture`` and ``options`` are its own). ``classes`` are
    labels in the order of the scores; a trunk, which has no head, has none. ``training`` says how it
    was trained, or where its weights come from; ``weights`` is the hash of the file.
    """

    name: str
    source: str
    architecture: str
    options: dict
    classes: list[str]
    preprocessing: Preprocessing
    training: dict = field(default_factory=dict)
    weights: str = ""

    @property
    def fingerprint(self) -> str:
        """A hash that changes with anything that the predictions depend on."""
        return fingerprint(asdict(self))


def read_card(path: Path) -> NetworkCard:
    """Read a network's card (.json). Raises InputError for one that is missing or invalid."""
    values = read_json(path)
    try:
        values["preprocessing"] = Preprocessing(**values["preprocessing"])
        return NetworkCard(**values)
    except (TypeError, KeyError) as error:
        reason = reason_of(error)
        raise InputError(f"{path}: not a network's card ({reason}); delete it and rerun") from None
