"""The reader of every layout: from an official layout on disk to an image set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from inspect import signature
from pathlib import Path

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.nearest import nearest
from pipeline_lib.data.cubv2 import read_cubv2
from pipeline_lib.data.discovery.readers import READERS as DISCOVERY_READERS
from pipeline_lib.data.ilsvrc import read_test, read_train, read_val
from pipeline_lib.data.imagenetv2 import read_imagenetv2
from pipeline_lib.data.manifest import ImageSet
from pipeline_lib.data.openimages import SUBSET_SIZES as OPENIMAGES
from pipeline_lib.data.openimages import read_openimages, read_openimages_split
from pipeline_lib.data.photographs import read_photographs
from pipeline_lib.data.places205 import SUBSET_SIZES, read_places205
from pipeline_lib.data.transfer.readers import READERS as TRANSFER_READERS
from pipeline_lib.data.transfer.sets import split_spec


@dataclass(frozen=True)
class ReaderOptions:
    """Options of all readers; each reader uses those of its layout.

    ``expected``: number of labels in the ILSVRC devkit. ``train``, ``test`` (images per class or
    attribute), ``repeats`` (number of splits) and ``seed``: splits of a transfer set; None is the
    paper's number. ``options``: keyword arguments of the reader of a set of Section 4.2.
    """

    expected: int
    train: int | None = None
    test: int | None = None
    repeats: int | None = None
    seed: int = 0
    options: Mapping[str, object] = field(default_factory=dict)


def _read_transfer_set(layout: str, root: Path, options: ReaderOptions) -> ImageSet:
    spec = split_spec(layout, options.train, options.test, options.repeats, options.seed)
    return TRANSFER_READERS[layout](root, spec)


def _read_discovery_set(layout: str, root: Path, options: ReaderOptions) -> ImageSet:
    """Read a set of Section 4.2. Raises InputError for an option that its reader does not have."""
    known = option_names(layout)
    unknown = sorted(set(options.options) - set(known))
    if unknown:
        has = f"{', '.join(known) or 'none'}{nearest(unknown[0], known)}"
        raise InputError(f"--option {unknown[0]}: {layout} has {has}")
    return DISCOVERY_READERS[layout](root, **options.options)


def option_names(layout: str) -> list[str]:
    """Return the options of the reader of a set of Section 4.2."""
    return list(signature(DISCOVERY_READERS[layout]).parameters)[1:]


READERS: dict[str, Callable[[Path, ReaderOptions], ImageSet]] = {
    "ilsvrc-train": lambda root, _: read_train(root),
    "ilsvrc-val": lambda root, options: read_val(root, options.expected),
    "ilsvrc-test": lambda root, _: read_test(root),
    "ilsvrc-val2": lambda root, _: read_imagenetv2(root),
    "cubv2": lambda root, _: read_cubv2(root),
    "photographs": lambda root, _: read_photographs(root),
    **{
        f"places205-{subset}": lambda root, _, subset=subset: read_places205(root, subset)
        for subset in SUBSET_SIZES
    },
    **{
        f"openimages30k-{subset}": lambda root, _, subset=subset: read_openimages(root, subset)
        for subset in OPENIMAGES
    },
    "openimages30k": lambda root, _: read_openimages_split(root),
    **{layout: partial(_read_transfer_set, layout) for layout in TRANSFER_READERS},
    **{layout: partial(_read_discovery_set, layout) for layout in DISCOVERY_READERS},
}
