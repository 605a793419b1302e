"""Images with captions: COCO's layout, or any table of images and captions.

Source: Lin et al., "Microsoft COCO: Common Objects in Context", 2014; of its caption files only
``images: [{id, file_name}]`` and ``annotations: [{image_id, caption}]`` are read.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json
from pipeline_lib.common.text import read_text_lines
from pipeline_lib.data.image_files import existing
from pipeline_lib.data.manifest import ImageSet, Summary, read_csv
from pipeline_lib.data.reading import HIDDEN, pass_over, report
from pipeline_lib.data.transfer.notes import counted

CAPTION_COLUMNS = ("image_id", "caption")
_BARE = ("file without a caption", "files without a caption")
_SPLITS = ("train2014", "val2014", "train2017", "val2017")


def read_captions(root: Path, captions: str | None = None) -> ImageSet:
    """Read the table ``captions`` (``read_caption_table``); without one, COCO's below ``root``."""
    return read_caption_table(Path(captions)) if captions else read_coco_captions(root)


def read_coco_captions(root: Path) -> ImageSet:
    """Read ``coco/annotations/captions_<split>.json`` and the images in ``coco/<split>/``.

    All splits of 2014 and 2017 that exist are read. An image's id is its path in ``coco``; images
    without a caption are left out. Annotations: image_id, caption; one row per caption.
    Captions of images that do not exist are left out; the notes count the images. Raises InputError if
    there is no caption file or none of the images, or if a file has another form.
    """
    folder = root / "coco"
    files = {split: folder / "annotations" / f"captions_{split}.json" for split in _SPLITS}
    splits = [split for split, path in files.items() if path.exists()]
    if not splits:
        raise InputError(
            f"{folder / 'annotations'}: no captions_<split>.json of {', '.join(_SPLITS)}; "
            "unpack COCO's annotations there"
        )
    captions, n_missing = [], 0
    for split in splits:
        found, missing = _coco_captions(files[split], folder / split)
        captions += [(f"{split}/{name}", caption) for name, caption in found]
        n_missing += missing
    if not captions:
        where = " or ".join(str(folder / split) for split in splits)
        raise InputError(f"{where}: none of the captioned images in it; put or link them there")
    notes = [f"COCO captions of {' and '.join(splits)}."]
    if n_missing:
        notes.append(f"{counted(n_missing, 'captioned image')} not found.")
    return _image_set("COCO", captions, "coco", notes)


def read_caption_table(table: Path) -> ImageSet:
    """Read a text file of lines ``image<TAB>caption``; images' paths are relative to its folder.

    An image may have several lines. Annotations as for COCO; an image's id is its path. Raises
    InputError, naming the line, for a line of another form and for an image that does not exist.
    """
    try:
        lines = read_text_lines(table)
    except FileNotFoundError:
        raise InputError(f"{table}: not found; see concepts.captions") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{table}: not UTF-8 text ({error}); save it as such") from None
    captions, images = [], set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, tab, caption = line.partition("\t")
        if not (name and tab and caption.strip()):
            what = "not of the form image<TAB>caption"
            report(f"{table}, line {number}", what, "correct it")
            continue
        path = table.parent / name
        if name not in images and not (path.is_file() or path.is_symlink()):
            what = f"{path} does not exist"
            report(f"{table}, line {number}", what, "add it, or drop the line")
            continue
        images.add(name)
        captions.append((name, caption.strip()))
    captions = _with_files(captions, table.parent)
    if not captions:
        raise InputError(f"{table}: has no line image<TAB>caption; add some")
    return _image_set(table.name, captions, "", [f"Captions of {table.name}."])


def captions_of(path: Path, image_ids: Sequence[str]) -> list[list[str]]:
    """Read an annotations table and return the captions of each image, in the order given.

    Raises InputError like ``read_csv``, and for an image without a caption.
    """
    table = read_csv(path, CAPTION_COLUMNS)
    grouped = table.groupby("image_id", sort=False)["caption"].agg(list)
    missing = set(image_ids) - set(grouped.index)
    if missing:
        raise InputError(f"{path}: no caption of image {min(missing)}; delete it and rerun index")
    return [grouped[image_id] for image_id in image_ids]


def _coco_captions(path: Path, folder: Path) -> tuple[list[tuple[str, str]], int]:
    """Return a split's pairs of file name and caption, in order, and how many images do not exist."""
    content = read_json(path, "unpack it again")
    try:
        name_of = {image["id"]: image["file_name"] for image in content["images"]}
        captions = [
            (name_of[annotation["image_id"]], " ".join(annotation["caption"].split()))
            for annotation in content["annotations"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__} {error}"
        raise InputError(f"{path}: not a COCO caption file ({reason}); unpack it again") from None
    present = set(os.listdir(folder)) if folder.is_dir() else set()
    captioned = {name for name, _ in captions}
    for name in sorted(present - captioned):
        pass_over(folder / name, HIDDEN if name.startswith(".") else _BARE)
    there = [(name, caption) for name, caption in captions if name in present]
    return _with_files(there, folder), len(captioned - present)


def _with_files(captions: list[tuple[str, str]], folder: Path) -> list[tuple[str, str]]:
    """Return the pairs of file name and caption whose image can be used."""
    files = {name: folder / name for name in dict.fromkeys(name for name, _ in captions)}
    there = set(existing(files.values()))
    return [(name, caption) for name, caption in captions if files[name] in there]


def _image_set(
    name: str, captions: list[tuple[str, str]], folder: str, notes: list[str]
) -> ImageSet:
    ids = sorted({image for image, _ in captions})
    images = [(image_id, os.path.join(folder, image_id), "", "", "", 0) for image_id in ids]
    return ImageSet(
        images=images,
        boxes=[],
        classes=[],
        summary=Summary(name, len(images), notes=notes),
        annotations=pd.DataFrame(captions, columns=list(CAPTION_COLUMNS)),
    )
