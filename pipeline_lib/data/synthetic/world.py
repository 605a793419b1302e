"""Writing one of the synthetic data sets as a folder that is either complete or absent."""

import shutil
from pathlib import Path

from pipeline_lib.data.synthetic.discovery import WRITERS as DISCOVERY_WRITERS
from pipeline_lib.data.synthetic.discovery import write_discovery
from pipeline_lib.data.synthetic.ilsvrc import write_ilsvrc
from pipeline_lib.data.synthetic.transfer import write_transfer

ILSVRC = "ilsvrc"
LAYOUTS = (ILSVRC, "transfer", *DISCOVERY_WRITERS)


def write_world(
    folder: Path, layout: str, *, seed: int, processes: int, **image_counts: int
) -> None:
    """Write a data set in one of ``LAYOUTS`` to ``folder``, in place of what is there.

    ``image_counts`` are those of ``write_ilsvrc``; the other layouts have none. The data set is written
    to a hidden folder and renamed, so that a killed run leaves no incomplete ``folder``.
    """
    temporary = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        if layout == ILSVRC:
            write_ilsvrc(temporary, **image_counts, seed=seed, processes=processes)
        elif layout == "transfer":
            write_transfer(temporary, seed=seed, processes=processes)
        else:
            write_discovery(temporary, layout, seed=seed, processes=processes)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
