"""Every data set of the paper study in its official layout: real classes and lists, few images.

Numbers of classes, labels and list entries are the published ones where they cost nothing; of the images
there are as many as every step needs, and no more: a full-size VGG-16 runs over them on a laptop.
"""

import shutil
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from pipeline_lib.common.command import log
from pipeline_lib.data.classes import ClassNames, imagenet_labels
from pipeline_lib.data.discovery.scenes import PAPER_CATEGORIES
from pipeline_lib.data.discovery.words import OUTDOOR
from pipeline_lib.data.places205 import CLASSES, IMAGES, LISTS, SUBSET_SIZES
from pipeline_lib.data.rehearsal.pictures import draw_pictures
from pipeline_lib.data.synthetic.annotated_scenes import SURROUNDINGS, write_sun2012
from pipeline_lib.data.synthetic.annotation_files import write_annotation, write_lines
from pipeline_lib.data.synthetic.bird_set import write_cub
from pipeline_lib.data.synthetic.captions import write_captioned
from pipeline_lib.data.synthetic.compositions import Composition
from pipeline_lib.data.synthetic.ilsvrc import DEVKIT, write_devkit
from pipeline_lib.data.synthetic.image_files import DrawImages, ImageSpec, draw_images
from pipeline_lib.data.synthetic.object_sets import (
    write_action40,
    write_caltech101,
    write_caltech256,
    write_event8,
)
from pipeline_lib.data.synthetic.questions import write_vqa
from pipeline_lib.data.synthetic.scene_sets import (
    sun_name,
    write_indoor67,
    write_scene15,
    write_sun397,
    write_votes,
)
from pipeline_lib.data.synthetic.scenes import PLAIN, Style
from pipeline_lib.data.synthetic.sizes import Size
from pipeline_lib.data.synthetic.streets import write_svt

# ILSVRC: 50,000 labels, of which 1,762 are blacklisted.
VAL_LABELS, BLACKLISTED = 50_000, 1_762
VAL_IMAGES, TEST_IMAGES = 20, 5
LARGE_IMAGE = 2  # number of the val image of 12 megapixels
# Indices of the val images' classes, and how many training images these have; the others have one.
# Random weights take all images for one of these classes, and so do trained ones after 16 steps: some
# images are classified correctly, and figures that show such images are not empty.
FAVOURED, FAVOURED_IMAGES = (9, 107, 200), 1_300

# Most classes have an image to train on and one to test on. The first ones have two of each: a C cannot
# be chosen, nor Figure 8 shown, without.
_few = partial(Size, train=2, test=2, full=4)
# Figure 7 shows species with three images that are classified correctly.
_birds = Size(200, train=2, test=4, full=4)
ATTRIBUTES, ATTRIBUTE_IMAGES = 102, 48
SCENE_IMAGES = 5  # fully annotated ones of each category
COCO_IMAGES = {"train2014": 36, "val2014": 18}
COCO_TEST_IMAGES = {"test2015": 6}
STREET_IMAGES = {"train": 14, "test": 10}
STREET = Style(size=(1280, 960), clutter=(1, 3))  # SVT's are of that size
_POOL = ".pictures"  # below data_root, until all links to it are made


def write_data_sets(root: Path, seed: int = 0) -> None:
    """Write all data sets below ``root``, an empty folder."""
    pool = root / _POOL
    pictures = draw_pictures(pool, seed)
    for name, (below, write) in _WRITERS.items():
        folder = root / below
        folder.mkdir(exist_ok=True)
        rng = np.random.default_rng([seed, *name.encode()])
        write(folder, rng, partial(pictures.link, folder))
        log.info("%s: written", name)
    shutil.rmtree(pool)  # its pictures live on in their links


def _write_ilsvrc(folder: Path, rng: np.random.Generator, draw: DrawImages) -> None:
    labels = imagenet_labels()
    ids = rng.permutation(len(labels)) + 1  # not in the order of the WNIDs
    val_labels = rng.integers(len(labels), size=VAL_LABELS)
    val_labels[:VAL_IMAGES] = np.resize(FAVOURED, VAL_IMAGES)
    absent = np.arange(VAL_IMAGES + 1, VAL_LABELS + 1)
    blacklist = [1, *sorted(rng.choice(absent, BLACKLISTED - 1, replace=False))]
    names = ClassNames()
    (folder / DEVKIT).mkdir(parents=True)
    leaves = [(int(ids[k]), label, names[label]) for k, label in enumerate(labels)]
    write_devkit(folder / DEVKIT, leaves, ids[val_labels], blacklist)
    plain = Composition("", (), PLAIN)
    counts = dict.fromkeys(labels, 1) | {labels[k]: FAVOURED_IMAGES for k in FAVOURED}
    draw(
        [
            ImageSpec(f"train/{label}/{label}_{number}.JPEG", plain)
            for label, count in counts.items()
            for number in range(1, count + 1)
        ]
    )
    draw([ImageSpec(f"test/ILSVRC2012_test_{n:08}.JPEG", plain) for n in range(1, TEST_IMAGES + 1)])
    formats = {LARGE_IMAGE: "LARGE", 3: "L", 4: "CMYK"}
    specs = [
        ImageSpec(f"val/ILSVRC2012_val_{number:08}.JPEG", plain, formats.get(number, "RGB"))
        for number in range(1, VAL_IMAGES + 1)
    ]
    (folder / "bbox/val").mkdir(parents=True)
    for spec, content, kind in zip(specs, draw(specs), val_labels, strict=False):
        stem = Path(spec.path).stem
        write_annotation(
            folder / "bbox/val" / f"{stem}.xml",
            folder="val",
            filename=stem,
            size=content.size,
            names={"name": labels[kind]},
            boxes=[each.box for each in content.objects],
        )


def _write_places205(folder: Path, rng: np.random.Generator, draw: DrawImages) -> None:
    """Write the val list, each class's images in turn, and the first image of each class."""
    names = [f"{chr(97 + number % 26)}/place_{number:03}" for number in range(CLASSES)]
    lines = []
    for index in range(SUBSET_SIZES["val"]):
        label = index % CLASSES
        lines.append(f"{names[label]}/gsun_{rng.integers(16**8):08x}{index:024x}.jpg {label}")
    (folder / LISTS).mkdir()
    write_lines(folder / LISTS / "val_places205.csv", lines)
    plain = Composition("", (), PLAIN)
    draw([ImageSpec(f"{IMAGES}/{line.split()[0]}", plain, "SQUARE") for line in lines[:CLASSES]])


def _write_sun_attribute(folder: Path, rng: np.random.Generator, draw: DrawImages) -> None:
    place = Composition("abbey", (), PLAIN)
    paths = [sun_name(place, rng) for _ in range(ATTRIBUTE_IMAGES)]
    draw([ImageSpec(f"images/{path}", place) for path in paths])
    names = [f"attribute {number}" for number in range(1, ATTRIBUTES + 1)]
    votes = rng.choice([0, 1, 2, 3], size=(len(paths), len(names)), p=[0.4, 0.1, 0.2, 0.3]) / 3
    write_votes(folder, paths, names, votes)


def _write_scenes(folder: Path, rng: np.random.Generator, draw: DrawImages) -> None:
    wall = next(each for each, names in SURROUNDINGS.items() if len(names) == 1)
    specs = []
    for category in PAPER_CATEGORIES:
        place = Composition(category, (), PLAIN, wall)
        specs += [_scene(place, rng) for _ in range(SCENE_IMAGES)]
    # The last one is not annotated.
    write_sun2012(folder, [*specs, _scene(Composition("abbey", (), PLAIN, wall), rng)], rng, draw)


def _scene(place: Composition, rng: np.random.Generator) -> ImageSpec:
    return ImageSpec(f"SUN2012/Images/{sun_name(place, rng)}", place)


def _write_captions_and_questions(folder: Path, rng: np.random.Generator, draw: DrawImages) -> None:
    write_captioned(folder, rng, draw, COCO_IMAGES)
    (folder / "planted.json").unlink()  # COCO has no such file
    write_vqa(folder, rng, draw, COCO_IMAGES | COCO_TEST_IMAGES)


def _write_svt(folder: Path, rng: np.random.Generator, _draw: DrawImages) -> None:
    # Words are on their pictures, so that each is drawn; what is drawn depends on its folder's name.
    drawn = folder / _POOL
    with get_context("spawn").Pool(2) as pool:
        write_svt(drawn, rng, partial(draw_images, pool, drawn, 0), STREET_IMAGES, STREET)
    (drawn / "svt1").rename(folder / "svt1")


# The outdoor classes have their own names, by which Figure 11 finds them, the others made-up ones.
_SUN397 = [*OUTDOOR, *(f"indoors_{number:03}" for number in range(397 - len(OUTDOOR)))]

# Of each data set: its folder below data_root, "." for sets of several folders, and its writer.
_WRITERS: dict[str, tuple[str, Callable[[Path, np.random.Generator, DrawImages], None]]] = {
    "ILSVRC2012": ("ilsvrc", _write_ilsvrc),
    "Places205": ("places205", _write_places205),
    "SUN397": ("SUN397", partial(write_sun397, size=_few(397), names=_SUN397, partitions=10)),
    "MIT Indoor67": ("indoorCVPR_09", partial(write_indoor67, size=_few(67))),
    "Scene15": ("scene_categories", partial(write_scene15, size=_few(15))),
    "SUN Attribute": ("SUNAttributeDB", _write_sun_attribute),
    "Caltech101": ("101_ObjectCategories", partial(write_caltech101, size=_few(101))),
    "Caltech256": (
        "256_ObjectCategories",
        partial(write_caltech256, size=_few(256), numbers=range(1, 257)),
    ),
    "Action40": ("Stanford40", partial(write_action40, size=_few(40))),
    "Event8": ("event_dataset", partial(write_event8, size=_few(8))),
    "CUB-200-2011": ("CUB_200_2011", partial(write_cub, size=_birds)),
    "SUN2012": (".", _write_scenes),
    "COCO captions and VQA": (".", _write_captions_and_questions),
    "SVT": (".", _write_svt),
}
