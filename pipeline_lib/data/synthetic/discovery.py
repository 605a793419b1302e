"""The mini study's twins of the image sets of Section 4.2, by experiment."""

from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from pipeline_lib.data.synthetic.annotated_scenes import write_annotated_scenes
from pipeline_lib.data.synthetic.captioned import write_captioned
from pipeline_lib.data.synthetic.pictures import Draw, draw_pictures
from pipeline_lib.data.synthetic.questions import write_vqa
from pipeline_lib.data.synthetic.streets import write_streets

# Each writes into an empty folder, in which the official folders of discovery.yaml come to lie.
WRITERS: dict[str, Callable[[Path, np.random.Generator, Draw], None]] = {
    "scenes": write_annotated_scenes,
    "concepts": write_captioned,
    "text": write_streets,
    "vqa": write_vqa,
}


def write_discovery(root: Path, name: str, *, seed: int, processes: int) -> None:
    """Write one of them into ``root``, an empty folder; the same for any number of processes."""
    rng = np.random.default_rng([seed, *name.encode()])
    with get_context("spawn").Pool(processes) as pool:
        WRITERS[name](root, rng, partial(draw_pictures, pool, root, seed))
