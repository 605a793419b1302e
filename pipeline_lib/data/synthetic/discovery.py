"""The synthetic image sets of Section 4.2, by experiment."""

from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from pipeline_lib.data.synthetic.annotated_scenes import write_annotated_scenes
from pipeline_lib.data.synthetic.captions import write_captioned
from pipeline_lib.data.synthetic.image_files import DrawImages, draw_images
from pipeline_lib.data.synthetic.questions import write_vqa
from pipeline_lib.data.synthetic.streets import write_streets

# Each writes the folders that discovery.yaml names into an empty folder.
WRITERS: dict[str, Callable[[Path, np.random.Generator, DrawImages], None]] = {
    "scenes": write_annotated_scenes,
    "concepts": write_captioned,
    "text": write_streets,
    "vqa": write_vqa,
}


def write_discovery(root: Path, name: str, *, seed: int, processes: int) -> None:
    """Write one set into ``root``, an empty folder. ``processes`` does not change the result."""
    rng = np.random.default_rng([seed, *name.encode()])
    with get_context("spawn").Pool(processes) as pool:
        WRITERS[name](root, rng, partial(draw_images, pool, root, seed))
