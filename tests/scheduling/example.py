"""A study of four jobs with round rates, whose costs are computed by hand."""

from pathlib import Path

from pipeline_lib.scheduling.costs import Cost
from pipeline_lib.scheduling.workload import Workload
from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.study import build_study

CONFIG = {
    "study": "tiny",
    "gpu": True,
    "networks": {"A": {"architecture": "a", "recipe": {"epochs": 3}}, "B": {"pretrained": "a"}},
    "training": {"recipe": {"epochs": 5}, "processes": 1, "nodes": 1},
    "transfer": {"costs": [1e-7, 1e-6], "folds": 2},
    "world": {"train_images": 100, "val_images": 10},
    "figures": {"network": "A", "baseline": "A"},
}
RATES = {
    "sources": {"clock": "measured", "hand": "estimate"},
    "speed": {
        "a100": {"float32": 1000, "what": "a GPU", "source": "made up"},
        "h100": {"float32": 2000, "bfloat16": 6000, "least": 0.5, "what": "b", "source": "b"},
        "cpu": {"float32": 10, "what": "a CPU", "source": "made up"},
    },
    "networks": [
        {"network": "a", "side": 14, "gflop": 2.0, "parameters": 500, "map": 7, "features": 16}
    ],
    "sets": {"synthetic": {"megapixels": 0.5, "cub": {"images": 8}}, "any": {}},
    "rules": {
        "train": {
            "set": ["ilsvrc-train"],
            "cpu": {"job": 4, "sample": 0.01},
            "passes": 3,
            "disk": {"parameter": 4},
            "scratch": {"parameter": 24},
            "source": "clock",
        },
        "predict": {
            "by": ["map_source", "crops"],
            "source": "hand",
            "network/ten-crop": {"cpu": {"crop": 1}, "passes": 1, "disk": {"cell": 24}},
        },
        "table": {
            "by": "table",
            "source": "clock",
            "table2": {"cpu": {"job": 72}, "source": "hand"},
            "other": {"cpu": {"job": 36}, "disk": {"job": 1000}},
        },
    },
}
REST = {"inputs": [], "log": [], "benchmark": None}
TEN_CROP = {
    "network": "A",
    "map_source": "network",
    "crops": "ten-crop",
    "image_set": "ilsvrc-val",
}
GRAPH = [
    REST | {"rule": rule, "wildcards": wildcards, "outputs": outputs, "threads": n, "needs": needs}
    for rule, wildcards, outputs, n, needs in (
        ("all", {}, [], 1, [1, 2, 3, 4]),
        ("train", {"network": "A"}, ["a"], 2, []),
        ("table", {"table": "table1"}, ["t1"], 1, [1]),
        ("predict", TEN_CROP, ["p"], 8, [1]),
        ("table", {"table": "table2"}, ["t2"], 1, [1, 3]),
    )
]
# 100 images x 3 epochs x 3 passes x 2 GFLOP = 1,800; decoding: 4 s + 300 x 0.01 s = 7 s, two cores.
TRAIN = {"gpu": Cost(1, 3.5, 7.0, 2000, 12000), "cpu": Cost(1, 0, 7 + 180, 2000, 12000)}
# 10 images x 10 crops x 2 GFLOP = 200; decoding: 100 s, eight cores; 100 x 7 x 7 cells of 24 bytes.
PREDICT = {"gpu": Cost(1, 12.5, 100, 117600, 0), "cpu": Cost(1, 0, 100 + 20, 117600, 0)}


def workload(
    rates: dict = RATES,
    manifests: Path | None = None,
    gpu_type: str = "",
    measured: dict | None = None,
    **changes: object,
) -> Workload:
    """Return the amounts of work of this study; ``changes`` are sections of its configuration."""
    study = build_study(Configuration.model_validate(CONFIG | changes))
    return Workload(study, rates, manifests, gpu_type, measured)
