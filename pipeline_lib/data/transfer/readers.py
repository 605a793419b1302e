"""The reader of every layout in ``transfer.yaml``."""

from collections.abc import Callable
from pathlib import Path

from pipeline_lib.data.manifest import ImageSet
from pipeline_lib.data.transfer.attributes import read_sun_attribute
from pipeline_lib.data.transfer.birds import read_cub
from pipeline_lib.data.transfer.folders import (
    read_caltech101,
    read_caltech256,
    read_event8,
    read_scene15,
)
from pipeline_lib.data.transfer.lists import read_action40, read_indoor67, read_sun397
from pipeline_lib.data.transfer.sets import SplitSpec

READERS: dict[str, Callable[[Path, SplitSpec], ImageSet]] = {
    "sun397": read_sun397,
    "indoor67": read_indoor67,
    "scene15": read_scene15,
    "sun-attribute": read_sun_attribute,
    "caltech101": read_caltech101,
    "caltech256": read_caltech256,
    "action40": read_action40,
    "event8": read_event8,
    "cub": read_cub,
}
