"""The synthetic CUB-200-2011: species that share a shape and differ in plumage."""

from pathlib import Path

import numpy as np

from pipeline_lib.data.synthetic.annotation_files import write_lines
from pipeline_lib.data.synthetic.compositions import birds
from pipeline_lib.data.synthetic.image_files import DrawImages, ImageSpec
from pipeline_lib.data.synthetic.object_masks import write_mask
from pipeline_lib.data.synthetic.sizes import BIRDS, Size

ANNOTATORS = 5  # of each image of the set's segmentations


def write_cub(folder: Path, rng: np.random.Generator, draw: DrawImages, size: Size = BIRDS) -> None:
    """Write ``images/NNN.Name/Name_NNNN_NNNNNN.jpg`` and tables joined by ids that count from 1.

    A box is ``x y width height``, in floats. Random ones of each species' images are for training. The
    birds' masks are in ``segmentations``, whose archive is one of its own, in the images' folders.
    """
    species = birds(size.classes)
    names, specs, labels, is_training = [], [], [], []
    for label, bird in enumerate(species, 1):
        train, test = size.split(label - 1)
        for number in range(1, train + test + 1):
            file = f"{bird.name}_{number:04}_{rng.integers(10**6):06}.jpg"
            names.append(f"{label:03}.{bird.name}/{file}")
            specs.append(ImageSpec(f"images/{names[-1]}", bird))
            labels.append(label)
        is_training += (rng.permutation(train + test) < train).astype(int).tolist()
    for name in {name.partition("/")[0] for name in names}:
        (folder / "segmentations" / name).mkdir(parents=True)
    boxes = []
    for name, content in zip(names, draw(specs), strict=True):
        drawn = content.objects[0]
        mask = folder / "segmentations" / Path(name).with_suffix(".png")
        write_mask(mask, content.size, [drawn], ANNOTATORS)
        x0, y0, x1, y1 = drawn.box
        boxes.append(f"{x0:.1f} {y0:.1f} {x1 - x0:.1f} {y1 - y0:.1f}")
    tables = {
        "images": names,
        "image_class_labels": labels,
        "train_test_split": is_training,
        "bounding_boxes": boxes,
        "classes": [f"{label:03}.{bird.name}" for label, bird in enumerate(species, 1)],
    }
    for table, rows in tables.items():
        write_lines(folder / f"{table}.txt", (f"{i} {row}" for i, row in enumerate(rows, 1)))
