"""Figure 12 from predictions made by hand."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import IMAGE_COLUMNS, write_csv, write_rows
from pipeline_lib.localization.predictions import Header, write_predictions
from pipeline_lib.reporting.figures import figure12
from pipeline_lib.steps.report import plot
from tests.reporting.drawn_texts import faults, keep_figures, words

ANSWERS = ["cat", "2", "yes"]
GROUPS = [
    ("surest right", "other", 1.0),
    ("surest wrong", "other", 0.0),
    ("median right", "yes/no", 0.6),
    ("both right", "pair 1", 1.0),
    ("both right", "pair 1", 0.9),
]


@pytest.fixture
def study(tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (30, 40, 3), np.uint8)).save(tmp_path / "a.png")
    questions = pd.DataFrame(
        [
            {
                "question_id": 10 + n,
                "question": "What is it, then, that this rather long question asks about?",
                "answer": ANSWERS[n % 3],
                "probability": 0.8,
                "top": json.dumps([[ANSWERS[n % 3], 0.8], ["dog", 0.2]]),
                "answers": json.dumps(["A cat"] * 7 + ["two"] * 3),
                "accuracy": right,
                "words_alone": "dog",
                "why": why,
                "group": group,
            }
            for n, (why, group, right) in enumerate(GROUPS)
        ]
    )
    write_csv(tmp_path / "questions.csv", questions)
    rows = [(10 + n, "a.png", ANSWERS[n % 3], "", "", 0) for n in range(len(GROUPS))]
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, rows)
    header = Header(
        image_id=[str(10 + n) for n in range(5)],
        true_class=np.arange(5, dtype=np.int32) % 3,
        class_labels=ANSWERS,
        name="net",
        method="cam",
        crops=1,
        size=(28, 28),
        warped=(32, 32),
        network="0",
        images=fingerprint(tmp_path / "images.csv"),
    )
    batch = {
        "classes": np.zeros((5, 3), np.int32),
        "scores": np.ones((5, 3), np.float32),
        "maps": rng.random((5, 3, 1, 4, 4), np.float32),
        "true_map": rng.random((5, 1, 4, 4), np.float32),
    }
    write_predictions(tmp_path / "p.h5", header, [batch])
    return tmp_path


def run(folder):
    files = {"predictions": "p.h5", "images": "images.csv", "questions": "questions.csv"}
    argv = [w for role, name in files.items() for w in ("--input", role, str(folder / name))]
    argv += ["--roots", str(folder), "--out", str(folder / "figure12.png")]
    return plot.main(["--figure", "figure12", *argv])


def test_it_shows_right_and_wrong_answers_and_says_by_which_rule(study, monkeypatch):
    figures = keep_figures(monkeypatch, figure12)
    assert run(study) == 0
    content = json.loads((study / "figure12.json").read_text())
    assert "median" in content["choice"]
    assert [each["question_id"] for each in content["questions"]] == list(range(10, 15))
    assert [each["accuracy"] for each in content["questions"]] == [1.0, 0.0, 0.6, 1.0, 0.9]
    assert content["questions"][1]["answer"] == "2"
    assert content["questions"][0]["top"][0] == ["cat", 0.8]
    assert "3 of them answered right" in content["alt"] and "What is it" in content["alt"]
    assert faults(figures[0]) == []
    written = words(figures[0])
    assert written.count("✓ right") == 3 and written.count("✗ wrong") == 1
    assert written.count("partly right") == 1
    for form in ("png", "pdf"):
        assert (study / f"figure12.{form}").stat().st_size > 5000


def test_questions_of_other_predictions_are_refused(study, capsys):
    questions = pd.read_csv(study / "questions.csv", comment="#")
    (study / "questions.csv").unlink()  # and with it its checksum
    questions.iloc[1:].to_csv(study / "questions.csv", index=False)
    assert run(study) == 1
    assert "questions.csv: lists other questions than" in capsys.readouterr().err
