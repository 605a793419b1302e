"""The reader of every experiment in ``discovery.yaml``."""

from collections.abc import Callable
from pathlib import Path

from pipeline_lib.data.discovery.questions import read_vqa
from pipeline_lib.data.manifest import ImageSet

# Each takes the folder that the set's folders lie in.
READERS: dict[str, Callable[[Path], ImageSet]] = {"vqa": read_vqa}
