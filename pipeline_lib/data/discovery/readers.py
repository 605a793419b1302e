"""The reader of every experiment in ``discovery.yaml``."""

from collections.abc import Callable

from pipeline_lib.data.discovery.captions import read_captions
from pipeline_lib.data.discovery.questions import read_vqa
from pipeline_lib.data.discovery.scenes import read_scenes
from pipeline_lib.data.discovery.words import read_text
from pipeline_lib.data.manifest import ImageSet

# Each takes the folder that the set's folders lie in, and options of its own.
READERS: dict[str, Callable[..., ImageSet]] = {
    "scenes": read_scenes,
    "concepts": read_captions,
    "text": read_text,
    "vqa": read_vqa,
}
