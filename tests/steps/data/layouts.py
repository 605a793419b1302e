"""Every layout that the step index reads, as a small folder, and how the step is run on it."""

import json

from pipeline_lib.data.transfer.sets import transfer_sets
from pipeline_lib.steps.data import index
from tests.data.spoiled import READABLE

TRANSFER = {paper.layout: paper.folder for paper in transfer_sets().values()}
FLAGS = {
    "ilsvrc-val": ["--expected", "20"],
    "scenes": ["--option", "categories=5", "--option", "min_images=15"],
    "concepts-table": ["--option", "captions=captions.tsv"],
    **{layout: ["--train", "5"] for layout in ("scene15", "caltech101", "caltech256", "event8")},
}
SMALL = (
    "ilsvrc-train",
    "ilsvrc-val",
    "ilsvrc-test",
    "places205-val",
    "photographs",
    "concepts-table",
)
LAYOUTS = (*SMALL, *TRANSFER, "scenes", "concepts", "text", "vqa")


def plant(root, names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(READABLE["colour"])


def run(layout, root, out, *more):
    tables = ("images", "boxes", "masks", "classes", "splits", "annotations")
    argv = [word for name in tables for word in (f"--{name}", str(out / f"{name}.csv"))]
    argv += ["--layout", layout.partition("-table")[0], "--summary", str(out / "summary.json")]
    given = [
        word.replace("captions.tsv", json.dumps(str(root / "captions.tsv")))
        for word in FLAGS.get(layout, ())
    ]
    return index.main([*argv, "--root", str(root), *given, *more])
