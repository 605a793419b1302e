"""A network's card: everything about it but its weights. Reading one needs no PyTorch."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint, read_json


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the input: warped to ``size`` (height, width), scaled to mean and std.

    Ten crops of ``size`` are taken from the image warped to ``warp``; the authors' 256 for 224 is the
    default, in proportion.
    """

    size: tuple[int, int]
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    warp: tuple[int, int] | None = None

    @property
    def warped(self) -> tuple[int, int]:
        """The (height, width) that ten crops are taken from."""
        return self.warp or tuple(round(side * 256 / 224) for side in self.size)


@dataclass(frozen=True)
class NetworkCard:
    """Everything about a network but its weights.

    ``source`` is "trained" or "caffe" (then ``architecture`` and ``options`` are the registry's) or
    the library it was taken from (then ``architecture`` is its name there). ``classes`` are labels in
    the order of the scores. ``training`` says how it was made; ``weights`` is the hash of the file.
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
        """Changes whenever anything changes that the predictions depend on."""
        return fingerprint(asdict(self))


def read_card(path: Path) -> NetworkCard:
    """Read a network's card (.json). Raises InputError for one that is missing or foreign."""
    values = read_json(path)
    try:
        values["preprocessing"] = Preprocessing(**values["preprocessing"])
        return NetworkCard(**values)
    except (TypeError, KeyError) as error:
        raise InputError(f"{path}: not a network's card ({error}); delete it and rerun") from None
