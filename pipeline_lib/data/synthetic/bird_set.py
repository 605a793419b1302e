"""The twin of CUB-200-2011: species that share a body and differ in a small mark."""

from pathlib import Path

import numpy as np

from pipeline_lib.data.synthetic.classes import birds
from pipeline_lib.data.synthetic.pictures import Draw, Picture
from pipeline_lib.data.synthetic.sidecars import write_lines
from pipeline_lib.data.synthetic.sizes import SPECIES, SPECIMENS


def write_cub(folder: Path, rng: np.random.Generator, draw: Draw) -> None:
    """``images/NNN.Name/Name_NNNN_NNNNNN.jpg`` and tables joined by ids that count from 1.

    A box is ``x y width height``, in floats. Half of a species' images, at random, train.
    """
    species = birds(SPECIES)
    names, shown, labels, trains = [], [], [], []
    for label, one in enumerate(species, 1):
        for number in range(1, 2 * SPECIMENS + 1):
            file = f"{one.name}_{number:04}_{rng.integers(10**6):06}.jpg"
            names.append(f"{label:03}.{one.name}/{file}")
            shown.append(one)
            labels.append(label)
        trains += (rng.permutation(2 * SPECIMENS) < SPECIMENS).astype(int).tolist()
    drawn = draw([Picture(f"images/{name}", one) for name, one in zip(names, shown, strict=True)])
    boxes = []
    for picture in drawn:
        x0, y0, x1, y1 = picture.objects[0].box
        boxes.append(f"{x0:.1f} {y0:.1f} {x1 - x0:.1f} {y1 - y0:.1f}")
    tables = {
        "images": names,
        "image_class_labels": labels,
        "train_test_split": trains,
        "bounding_boxes": boxes,
        "classes": [f"{label:03}.{one.name}" for label, one in enumerate(species, 1)],
    }
    for table, rows in tables.items():
        write_lines(folder / f"{table}.txt", (f"{i} {row}" for i, row in enumerate(rows, 1)))
