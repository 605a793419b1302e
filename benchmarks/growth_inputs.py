"""Made-up inputs of any size for `growth.py`: manifests, predictions, boxes, features, annotations.

All photographs are one file. Run as a script, it reads all images of a folder of shards.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.discovery.questions import QUESTION_COLUMNS
from pipeline_lib.data.discovery.scenes import POLYGON_COLUMNS
from pipeline_lib.data.ilsvrc import read_classes
from pipeline_lib.data.manifest import (
    BOX_COLUMNS,
    CLASS_COLUMNS,
    IMAGE_COLUMNS,
    PRESENT,
    SPLIT_COLUMNS,
    write_csv,
    write_rows,
)
from pipeline_lib.data.shards import PackedImages
from pipeline_lib.data.synthetic.annotation_files import write_annotation
from pipeline_lib.data.synthetic.ilsvrc import DEVKIT, wnid, write_ilsvrc
from pipeline_lib.features.cache import WHOLE, Origin, write_features
from pipeline_lib.localization.extraction import BOX_TABLE_COLUMNS
from pipeline_lib.localization.predictions import Header, read_predictions, write_predictions
from pipeline_lib.networks.artefact import save_network
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.registry import build

WIDTH, HEIGHT = 500, 375  # ImageNet's usual size
PHOTOGRAPH = "photograph.jpg"


def write_photograph(path: Path) -> None:
    """Write a smooth photograph."""
    coarse = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    smooth.save(path, "JPEG", quality=90)


def manifest(folder: Path, n: int, classes: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    """Write the tables of n images of ``classes`` classes, with a box each; return that of images."""
    write_photograph(folder / PHOTOGRAPH)
    names, labels = [f"image-{i:08d}" for i in range(n)], [f"n{i % classes}" for i in range(n)]
    rows = [(a, PHOTOGRAPH, b, *size, 0) for a, b in zip(names, labels, strict=True)]
    corners = np.sort(np.random.default_rng(1).integers(0, HEIGHT, (n, 2, 2)), axis=1).reshape(
        -1, 4
    )
    boxes = [(row[0], row[2], *box) for row, box in zip(rows, corners.tolist(), strict=True)]
    write_rows(folder / "images.csv", IMAGE_COLUMNS, rows)
    write_rows(folder / "boxes.csv", BOX_COLUMNS, boxes)
    table = [(f"n{i}", i + 1, f"thing {i}") for i in range(classes)]
    write_rows(folder / "classes.csv", CLASS_COLUMNS, table)
    half = [("train" if i // classes % 2 else "test") for i in range(n)]
    splits = [(1, *row) for row in zip(half, names, labels, strict=True)]
    write_rows(folder / "splits.csv", SPLIT_COLUMNS, splits)
    return folder / "images.csv"


def predictions(
    folder: Path, n: int, classes: int, *, method: str = "cam", crops: int = 1, name: str = "net"
) -> Path:
    """Write predictions of the manifest's images, whose maps are a bump and some noise."""
    rng = np.random.default_rng(2)
    side, planes, guesses = (256, 2, 0) if method == "backprop" else (14, crops, 5)
    y, x = np.mgrid[:side, :side] / side - 0.5
    bump = np.exp(-(x**2 + y**2) / 0.05)
    kind = np.float16 if method == "backprop" else np.float32
    header = Header(
        image_id=[f"image-{i:08d}" for i in range(n)],
        true_class=(np.arange(n) % classes).astype(np.int32),
        class_labels=[f"n{i}" for i in range(classes)],
        name=name,
        method=method,
        crops=crops,
        size=(224, 224),
        warped=(256, 256),
        network=name,
        images=fingerprint(folder / "images.csv"),
    )

    def batches(size: int = 500):
        for start in range(0, n, size):
            m = min(size, n - start)
            noise = rng.random((m, 1, 1, side, side), dtype=np.float32)
            maps = np.broadcast_to(bump + 0.2 * noise, (m, guesses + 1, planes, side, side))
            truth = header.true_class[start : start + m, None]
            yield {
                "classes": (truth + np.arange(5)).astype(np.int32) % classes,
                "scores": rng.dirichlet(np.ones(5), m).astype(np.float32),
                "maps": maps[:, :guesses].astype(kind),
                "true_map": maps[:, guesses].astype(kind),
            }

    path = folder / f"{name}.h5"
    write_predictions(path, header, batches())
    return path


def boxes(folder: Path, predicted: Path, n: int) -> Path:
    """Write what `localize` would make of predictions by the authors' method."""
    ranks, fits = np.arange(6), ("loose", "tight")
    frame = pd.MultiIndex.from_product([range(n), ranks, fits], names=["i", "rank", "fit"])
    frame = frame.to_frame(index=False)
    label = (frame["i"] + np.maximum(frame["rank"] - 1, 0)) % 1000
    corners = np.sort(np.random.default_rng(3).integers(0, 375, (len(frame), 2, 2)), axis=1)
    frame = frame.assign(
        **{"class": "n" + label.astype(str), "score": 0.2, "box_method": "authors"},
        image_id=[f"image-{i:08d}" for i in frame["i"]],
        **dict(zip(("x0", "y0", "x1", "y1"), corners.reshape(-1, 4).T, strict=True)),
    )
    path, made_from = folder / "found.csv", read_predictions(predicted).fingerprint
    settings = {"box_method": "authors", "threshold": None, "interpolation": "bicubic"}
    write_csv(path, frame[list(BOX_TABLE_COLUMNS)], made_from=made_from, settings=settings)
    return path


def features(folder: Path, n: int, d: int, classes: int) -> Path:
    """Write (n, d) features of unit length that tell the classes apart, mostly."""
    rng = np.random.default_rng(4)
    centres = rng.random((classes, d), np.float32)
    origin = Origin("net", "pool", "0", fingerprint(folder / "images.csv"), "0", WHOLE, "float32")

    def blocks(size: int = 4096):
        for start in range(0, n, size):
            rows = np.arange(start, min(start + size, n))
            noisy = centres[rows % classes] + rng.random((len(rows), d), np.float32)
            yield noisy / np.linalg.norm(noisy, axis=1, keepdims=True)

    path = folder / "features.h5"
    write_features(path, origin, [f"image-{i:08d}" for i in range(n)], blocks())
    return path


def network(folder: Path, classes: int) -> Path:
    """Write a network that takes no time, so that what surrounds it is measured."""
    torch.manual_seed(0)
    options = {"width": 0.0625, "half_input": True, "batch_norm": True}
    card = NetworkCard(
        "net", "trained", "alexnet_gap", options, [f"n{i}" for i in range(classes)],
        Preprocessing((64, 64)),
    )  # fmt: skip
    path = folder / "net.safetensors"
    save_network(path, card, build("alexnet_gap", classes, options).state_dict())
    return path


def ilsvrc(root: Path, n: int, split: str) -> None:
    """Lay out n images of ILSVRC's train or val as links to one file, with a box file each."""
    write_ilsvrc(root, train_images=10, val_images=1, test_images=0, seed=0, processes=1)
    write_photograph(root / PHOTOGRAPH)
    for i in range(n):
        label = wnid(i % 10)
        stem = f"ILSVRC2012_val_{i + 2:08d}"
        path = root / "val" / f"{stem}.JPEG"
        if split == "train":
            path = root / "train" / label / f"{label}_{i + 100}.JPEG"
        os.link(root / PHOTOGRAPH, path)
        if split == "val":
            write_annotation(
                root / "bbox/val" / f"{stem}.xml", "val", stem, (WIDTH, HEIGHT), {"name": label},
                [(10, 20, 300, 200)],
            )  # fmt: skip
    if split == "val":
        labels = root / DEVKIT / "ILSVRC2012_validation_ground_truth.txt"
        first = int(labels.read_text())
        number_of = {label: number for label, number, _ in read_classes(root)}
        numbers = [first, *(number_of[wnid(i % 10)] for i in range(n))]
        labels.write_text("".join(f"{number}\n" for number in numbers))


def captions(folder: Path, n: int) -> Path:
    """Write five captions of ten words for each image; frequent words are many times as frequent."""
    words = _words(np.random.default_rng(5), (n, 5), 10)
    rows = [(f"image-{i:08d}", text) for i, texts in enumerate(words) for text in texts]
    write_rows(folder / "captions.csv", ("image_id", "caption"), rows)
    return folder / "captions.csv"


def questions(folder: Path, n: int) -> Path:
    """Write n questions of train, n / 2 of val and n of test, three to an image.

    5,000 answers and 5,000 words are all in use, so that a step of training costs the same at each n.
    """
    rng, rows = np.random.default_rng(6), []
    for subset, count in (("train", n), ("val", n // 2), ("test", n)):
        answers = rng.permutation(count) % 5000
        words = rng.permutation(6 * count).reshape(count, 6) % 5000
        for numbers, answer in zip(words, answers, strict=True):
            text = " ".join(f"word{k}" for k in numbers)
            known = subset != "test"
            people = json.dumps([f"a{answer}"] * 10 if known else [])
            choices = json.dumps([f"a{answer + k}" for k in range(18)])
            image = f"image-{len(rows) // 3:08d}"
            row = (len(rows), image, subset, text, f"a{answer}" if known else "", people, choices)
            rows.append((*row, "what", "other"))
    write_rows(folder / "questions.csv", QUESTION_COLUMNS, rows)
    return folder / "questions.csv"


def polygons(folder: Path, n: int) -> Path:
    """Write twenty objects for each image, of a hundred kinds."""
    rng = np.random.default_rng(7)
    rows = []
    for i in range(n):
        for k in rng.integers(100, size=20):
            x, y = rng.integers(0, 300, 2)
            rows.append(
                (f"image-{i:08d}", f"object {k}", f"{x} {y} {x + 99} {y} {x + 60} {y + 70}")
            )
    write_rows(folder / "polygons.csv", POLYGON_COLUMNS, rows)
    return folder / "polygons.csv"


def words_in_images(folder: Path, n: int) -> None:
    """Rewrite the splits: all images are test images with words."""
    rows = [("text", "test", f"image-{i:08d}", PRESENT) for i in range(n)]
    write_rows(folder / "splits.csv", SPLIT_COLUMNS, rows)


def _words(rng: np.random.Generator, shape: tuple[int, ...], length: int) -> np.ndarray:
    """Return sentences of ``length`` words of 5,000, as an array of text."""
    drawn = np.minimum(rng.zipf(1.2, (*shape, length)), 5000)
    return np.apply_along_axis(lambda row: " ".join(f"word{k}" for k in row), -1, drawn).astype(
        object
    )


def read_shards(folder: Path) -> None:
    """Open packed images and decode each once, in random order."""
    images = PackedImages(folder)
    for row in np.random.default_rng(0).permutation(len(images)):
        images[int(row)]


if __name__ == "__main__":
    read_shards(Path(sys.argv[1]))
