"""The reader of every experiment in ``discovery.yaml``."""

from collections.abc import Callable
from pathlib import Path

from pipeline_lib.data.discovery.captions import read_coco_captions
from pipeline_lib.data.discovery.words import read_text
from pipeline_lib.data.manifest import ImageSet

# Each takes the folder that the set's folders lie in.
READERS: dict[str, Callable[[Path], ImageSet]] = {
    "text": read_text,
    "concepts": read_coco_captions,
}
