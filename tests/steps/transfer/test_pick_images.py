import pandas as pd

from pipeline_lib.data.manifest import IMAGE_COLUMNS, write_rows
from pipeline_lib.evaluation.transfer import DECISION_COLUMNS
from pipeline_lib.steps.transfer import pick_images

DECISIONS = [
    ("a1", "ape", "ape", 0.9),
    ("a2", "ape", "ape", 2.0),
    ("b1", "bee", "bee", 3.0),
    ("b2", "bee", "ape", 9.0),  # wrong
    ("c1", "cat", "cat", 1.5),
    ("c2", "cat", "cat", 1.0),
]


def test_the_step_writes_the_rows_of_the_manifest(tmp_path):
    rows = [(name, f"{name}.jpg", "x", "", "", 0) for name, *_ in DECISIONS]
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, rows)
    write_rows(tmp_path / "decisions.csv", DECISION_COLUMNS, DECISIONS)
    flags = {"decisions": "decisions.csv", "images": "images.csv", "out": "picked.csv"}
    argv = [word for key, name in flags.items() for word in (f"--{key}", str(tmp_path / name))]
    assert pick_images.main([*argv, "--classes", "1", "--per-class", "2"]) == 0
    assert pd.read_csv(tmp_path / "picked.csv", comment="#")["path"].tolist() == [
        "c1.jpg",
        "c2.jpg",
    ]
