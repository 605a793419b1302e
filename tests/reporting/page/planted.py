"""A study's files for the explorer, with outcomes that are known, on disk."""

import numpy as np
from PIL import Image

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import (
    BOX_COLUMNS,
    CLASS_COLUMNS,
    IMAGE_COLUMNS,
    read_images,
    write_csv,
    write_rows,
)
from pipeline_lib.localization.extraction import box_settings, extract_boxes
from pipeline_lib.localization.predictions import (
    Header,
    Predictions,
    read_predictions,
    row_of,
    write_predictions,
)
from pipeline_lib.reporting.tables.columns import CITED

SIZES = [(90, 70), (64, 64), (50, 120)]  # width, height
HOW = {"threshold": 0.2, "interpolation": "bilinear"}
LABELS = [
    "plain",
    "quo'ted\"",
    "</script><script>alert(1)</script>",
    "$dollar {{ 7*7 }}",
    "größe 猫",
    "x&y",
]


def plant(folder, n=24, networks=("main", "other"), seed=0, shape=(7, 7), gradient="backprop"):
    """Write predictions, boxes, the manifest and pictures; return the step's flags.

    The last network has maps by the method ``gradient`` too, unless that is None.

    Ids and labels hold letters that mean something to HTML, to the shell or to templates.
    """
    rng = np.random.default_rng(seed)
    ids = [f"image {i} <b>'\"$&é" for i in range(n)]
    sizes = [SIZES[i % len(SIZES)] for i in range(n)]
    truth = rng.integers(0, len(LABELS), n).astype(np.int32)
    images = [(ids[i], f"{i}.png", LABELS[truth[i]], *sizes[i], 0) for i in range(n)]
    write_rows(folder / "images.csv", IMAGE_COLUMNS, images)
    write_rows(folder / "classes.csv", CLASS_COLUMNS, [(s, i, s) for i, s in enumerate(LABELS)])
    boxes, first_box = [], []
    for i, (width, height) in enumerate(sizes):
        pixels = rng.integers(0, 255, (height, width, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
        first_box.append(len(boxes))
        for _ in range(1 + i % 2):
            corner = rng.integers(0, (width // 2, height // 2))
            end = corner + rng.integers(10, (width // 2, height // 2))
            boxes.append((ids[i], LABELS[truth[i]], *corner, *end))
    write_rows(folder / "true.csv", BOX_COLUMNS, boxes)
    table = read_images(folder / "images.csv")
    files = {"predictions": [], "boxes": []}

    def inside(box, size):
        """A map that is one in the box, falling off beside it."""
        x, y = (
            (np.arange(side) + 0.5) * length / side
            for side, length in zip(shape[::-1], size, strict=True)
        )
        x0, y0, x1, y1 = box
        across, down = (
            np.maximum(low - v, v - high) for v, low, high in ((x, x0, x1), (y, y0, y1))
        )
        return np.exp(-np.maximum(across[None], down[:, None]).clip(0) / 2)

    def add(name, label, methods, **changed):
        classes = np.stack([rng.permutation(len(LABELS))[:5] for _ in range(n)]).astype(np.int32)
        classes[: n // 2, 0] = truth[: n // 2]
        for row in classes[: n // 2]:  # no class twice
            others = [c for c in range(len(LABELS)) if c != row[0]]
            row[1:] = rng.permutation(others)[:4]
        values = {
            "classes": classes,
            "scores": -np.sort(-rng.dirichlet(np.ones(5), n)).astype(np.float32),
            "maps": rng.normal(0.2, 1, (n, 5, 1, *shape)).astype(np.float32),
            "true_map": rng.normal(0.2, 1, (n, 1, *shape)).astype(np.float32),
            "method": "cam",
            **changed,
        }
        for i in range(n // 4 if values["method"] == "cam" else 0):  # and their boxes are right
            values["true_map"][i, 0] = inside(boxes[first_box[i]][2:], sizes[i])
        for i, row in enumerate(classes):  # a class has one map
            if truth[i] in row and values["maps"].shape[1]:
                values["maps"][i, row.tolist().index(truth[i])] = values["true_map"][i]
        arrays = {key: values[key] for key in ("classes", "scores", "maps", "true_map")}
        header = Header(
            image_id=ids, true_class=truth, class_labels=LABELS, name=label, crops=1,
            method=values["method"], size=(56, 56), warped=(64, 64), network=name,
            images=fingerprint(folder / "images.csv"),
        )  # fmt: skip
        path = folder / f"{name}.h5"
        write_predictions(path, header, [arrays])
        predictions = read_predictions(path)
        files["predictions"].append(path)
        for method in methods:
            out = folder / f"{name}-{method}.csv"
            made = extract_boxes(predictions, table, method, root=folder, **HOW)
            settings = box_settings(predictions, method, **HOW)
            write_csv(out, made, made_from=predictions.fingerprint, settings=settings)
            files["boxes"].append(out)

    for name in networks:
        add(name, name, ["paper"])
    if gradient:
        planes = rng.random((n, 2, 60, 60)).astype(np.float16)
        none = np.zeros((n, 0, 2, 60, 60), np.float16)
        changed = {"maps": none, "true_map": planes, "method": gradient}
        methods = [CITED[gradient], "authors"]
        add("gradient", row_of(networks[-1], gradient), methods, **changed)
    roles = {
        **files,
        "true-boxes": ["true.csv"],
        "images": ["images.csv"],
        "classes": ["classes.csv"],
    }
    flags = [
        w
        for role, paths in roles.items()
        for w in ("--input", role, *(str(folder / p) for p in paths))
    ]
    return [*flags, "--roots", str(folder)]


def opened(folder, name) -> Predictions:
    """The predictions of one of the planted networks."""
    return read_predictions(folder / f"{name}.h5")
