"""The reader of every experiment in ``discovery.yaml``."""

from collections.abc import Callable

from pipeline_lib.data.discovery.captions import read_captions
from pipeline_lib.data.discovery.questions import read_vqa
from pipeline_lib.data.discovery.scenes import read_scenes
from pipeline_lib.data.discovery.words import read_text
from pipeline_lib.data.manifest import ImageSet

# Each takes the parent folder of the set's folders, and the keys of its section that it needs.
READERS: dict[str, Callable[..., ImageSet]] = {
    "scenes": read_scenes,
    "concepts": read_captions,
    "text": read_text,
    "vqa": read_vqa,
}
