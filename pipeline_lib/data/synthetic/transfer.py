"""The nine synthetic data sets of Section 4, in the official layouts."""

from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from pipeline_lib.data.synthetic.bird_set import write_cub
from pipeline_lib.data.synthetic.image_files import DrawImages, draw_images
from pipeline_lib.data.synthetic.object_sets import (
    write_action40,
    write_caltech101,
    write_caltech256,
    write_event8,
)
from pipeline_lib.data.synthetic.scene_sets import (
    write_indoor67,
    write_scene15,
    write_sun397,
    write_sun_attribute,
)

# By the folder that a set's archive unpacks to, as in `transfer.yaml`.
WRITERS: dict[str, Callable[[Path, np.random.Generator, DrawImages], None]] = {
    "SUN397": write_sun397,
    "indoorCVPR_09": write_indoor67,
    "scene_categories": write_scene15,
    "SUNAttributeDB": write_sun_attribute,
    "101_ObjectCategories": write_caltech101,
    "256_ObjectCategories": write_caltech256,
    "Stanford40": write_action40,
    "event_dataset": write_event8,
    "CUB_200_2011": write_cub,
}


def write_transfer(root: Path, *, seed: int, processes: int) -> None:
    """Write all nine below ``root``, an empty folder. ``processes`` does not change the result."""
    with get_context("spawn").Pool(processes) as pool:
        for name, write in WRITERS.items():
            folder = root / name
            folder.mkdir()
            rng = np.random.default_rng([seed, *name.encode()])
            write(folder, rng, partial(draw_images, pool, folder, seed))
