"""The synthetic ILSVRC2012, in the official layout with its peculiarities.

``train/<wnid>/<wnid>_<n>.JPEG``, flat ``val/`` and ``test/``, ``bbox/val/*.xml`` with inclusive
corners, no labels for test, and a devkit whose ids are not in sorted-WNID order, whose ``meta.mat``
also has inner synsets, and which includes a blacklist. Beside the official files are object masks of the
val images, ``masks/val/*.png``, which ILSVRC does not have.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline_lib.common.command import progress
from pipeline_lib.data.synthetic.annotation_files import write_annotation, write_lines, write_mat
from pipeline_lib.data.synthetic.kinds import KINDS
from pipeline_lib.data.synthetic.object_masks import write_mask
from pipeline_lib.data.synthetic.scenes import Scene, draw_scene

BLACKLISTED_FRACTION = 0.02  # of the val images; 1,762 of 50,000 in ILSVRC
DEVKIT = Path("ILSVRC2012_devkit_t12/data")
_SPLITS = ("train", "val", "test")


def wnid(kind: int) -> str:
    """Return the WNID of ``KINDS[kind]``; the WNIDs sort differently from the ids."""
    return f"n9{(kind * 7919 + 13) % 9973:07d}"


def write_ilsvrc(
    root: Path,
    *,
    train_images: int,
    val_images: int,
    test_images: int,
    seed: int,
    processes: int,
) -> None:
    """Write the data set below ``root``, an empty folder. ``processes`` does not change the result."""
    ids = np.random.default_rng([seed, 2]).permutation(len(KINDS)) + 1
    counts = zip(_SPLITS, (train_images, val_images, test_images), strict=True)
    jobs = [(split, index) for split, count in counts for index in range(count)]
    for kind in range(len(KINDS)):
        (root / "train" / wnid(kind)).mkdir(parents=True)
    folders = [Path("val"), Path("bbox/val"), Path("masks/val"), DEVKIT]
    for folder in (*folders, *[Path("test")] * bool(test_images)):
        (root / folder).mkdir(parents=True)
    with get_context("spawn").Pool(processes) as pool:
        results = pool.imap(partial(_write_image, root, seed), jobs, chunksize=32)
        kinds = list(progress(results, "drawing", total=len(jobs)))
    val_kinds = kinds[train_images:][:val_images]
    in_blacklist = np.random.default_rng([seed, 3]).random(len(val_kinds)) < BLACKLISTED_FRACTION
    write_devkit(
        root / DEVKIT,
        [(int(ids[number]), wnid(number), kind.name) for number, kind in enumerate(KINDS)],
        [ids[kind] for kind in val_kinds],
        np.flatnonzero(in_blacklist) + 1,
    )


def scene_of(seed: int, split: str, index: int) -> tuple[int, Scene]:
    """Return the kind and the scene of image ``index``, counted from 0, of a split.

    The result depends on the arguments alone: this gives the ground truth of a written image.
    """
    rng = np.random.default_rng([seed, _SPLITS.index(split), index])
    kind = index % len(KINDS) if split == "train" else int(rng.integers(len(KINDS)))
    return kind, draw_scene(KINDS[kind], rng)


def _write_image(root: Path, seed: int, job: tuple[str, int]) -> int:
    """Draw and write one image (and its XML and mask); return its kind."""
    split, index = job
    kind, scene = scene_of(seed, split, index)
    if split == "train":
        path = root / "train" / wnid(kind) / f"{wnid(kind)}_{index // len(KINDS) + 1}.JPEG"
    else:
        path = root / split / f"ILSVRC2012_{split}_{index + 1:08d}.JPEG"
    if split == "val":
        height, width, _ = scene.image.shape
        write_annotation(
            root / "bbox/val" / f"{path.stem}.xml",
            folder="val",
            filename=path.stem,
            size=(width, height),
            names={"name": wnid(kind)},
            boxes=[scene_object.box for scene_object in scene.objects],
        )
        # All objects of an image are of its class.
        write_mask(root / "masks/val" / f"{path.stem}.png", (width, height), scene.objects)
    Image.fromarray(scene.image).save(path, "JPEG", quality=92)
    return kind


def write_devkit(
    folder: Path,
    leaves: Sequence[tuple[int, str, str]],
    val_labels: Iterable[int],
    blacklist: Iterable[int],
) -> None:
    """Write the devkit's files into its folder ``data``.

    ``leaves`` are the classes: ILSVRC2012_ID, WNID, name; ``val_labels`` the ids of the val images in
    order, and ``blacklist`` the numbers of those that localization leaves out.
    """
    write_lines(folder / "ILSVRC2012_validation_ground_truth.txt", val_labels)
    write_lines(folder / "ILSVRC2014_clsloc_validation_blacklist.txt", blacklist)
    fields = ("ILSVRC2012_ID", "WNID", "words", "gloss", "num_children", "children")
    rows = [(number, label, name, f"a {name}", 0, np.array([])) for number, label, name in leaves]
    rows.sort(key=lambda row: row[0])
    children = np.arange(1, len(rows) + 1)
    rows.append((len(rows) + 1, "n99999999", "thing", "anything", len(rows), children))
    synsets = np.empty((len(rows), 1), dtype=[(field, object) for field in fields])
    for row, synset in enumerate(rows):
        synsets[row, 0] = synset
    write_mat(folder / "meta.mat", {"synsets": synsets})
