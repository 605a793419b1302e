"""Images with captions: COCO's layout, or any table of images and captions.

Source: Lin et al., "Microsoft COCO: Common Objects in Context", 2014; of its caption files only
``images: [{id, file_name}]`` and ``annotations: [{image_id, caption}]`` are read.
"""

import os
from pathlib import Path

import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json
from pipeline_lib.data.manifest import ImageSet, Summary

ANNOTATION_COLUMNS = ("image_id", "caption")
_SPLITS = ("train2014", "val2014", "train2017", "val2017")


def read_captions(root: Path, captions: str = "") -> ImageSet:
    """Read the table ``captions``, see ``read_caption_table``, or without one COCO's in ``root``."""
    return read_caption_table(Path(captions)) if captions else read_coco_captions(root)


def read_coco_captions(root: Path) -> ImageSet:
    """Read ``coco/annotations/captions_<split>.json`` and the images in ``coco/<split>/``.

    Those of the splits of 2014 and 2017 that are there. An image's id is its path in ``coco``;
    images without a caption are left out. Annotations: image_id, caption, one row a caption.
    Raises InputError where there is no caption file, where one is not of this form, and where one
    names an image that is not there.
    """
    folder = root / "coco"
    files = {split: folder / "annotations" / f"captions_{split}.json" for split in _SPLITS}
    found = [split for split, path in files.items() if path.exists()]
    if not found:
        raise InputError(
            f"{folder / 'annotations'}: no captions_<split>.json of {', '.join(_SPLITS)}; "
            "unpack COCO's annotations there"
        )
    captions = [
        (f"{split}/{name}", caption)
        for split in found
        for name, caption in _coco_captions(files[split], folder / split)
    ]
    notes = [f"COCO captions of {' and '.join(found)}."]
    return _image_set("COCO", captions, "coco", notes)


def read_caption_table(table: Path) -> ImageSet:
    """Read a text file of lines ``image<TAB>caption``, the images' paths relative to its folder.

    An image may have several lines. Annotations as of COCO, an image's id is its path. Raises
    InputError, naming the line, for one that is no pair, and for an image that is not there.
    """
    try:
        lines = table.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise InputError(f"{table}: not found; see concepts.captions") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{table}: not UTF-8 text ({error}); save it as such") from None
    captions, seen = [], set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, tab, caption = line.partition("\t")
        if not (name and tab and caption.strip()):
            raise InputError(f"{table}, line {number}: is not image<TAB>caption; correct it")
        if name not in seen and not (table.parent / name).is_file():
            raise InputError(
                f"{table}, line {number}: {table.parent / name} is not there; add it, or drop the line"
            )
        seen.add(name)
        captions.append((name, caption.strip()))
    if not captions:
        raise InputError(f"{table}: has no line image<TAB>caption; add some")
    return _image_set(table.name, captions, "", [f"Captions of {table.name}."])


def _coco_captions(path: Path, folder: Path) -> list[tuple[str, str]]:
    """Return a split's pairs of file name and caption, in the file's order."""
    content = read_json(path)
    try:
        name_of = {image["id"]: image["file_name"] for image in content["images"]}
        captions = [
            (name_of[one["image_id"]], " ".join(one["caption"].split()))
            for one in content["annotations"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__} {error}"
        raise InputError(f"{path}: not a COCO caption file ({reason}); unpack it again") from None
    there = set(os.listdir(folder)) if folder.is_dir() else set()
    lost = sorted({name for name, _ in captions} - there)
    if lost:
        raise InputError(
            f"{path}: names {folder / lost[0]}, which is not there ({len(lost)} of "
            f"{len(name_of)} images); add the images, or cut the file down"
        )
    return captions


def _image_set(
    name: str, captions: list[tuple[str, str]], below: str, notes: list[str]
) -> ImageSet:
    ids = sorted({image for image, _ in captions})
    images = [(one, os.path.join(below, one), "", "", "", 0) for one in ids]
    return ImageSet(
        images=images,
        boxes=[],
        classes=[],
        summary=Summary(name, len(images), notes=notes),
        annotations=pd.DataFrame(captions, columns=list(ANNOTATION_COLUMNS)),
    )
