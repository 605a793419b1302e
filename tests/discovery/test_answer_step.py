"""From questions and features to scores, a classifier and submissions, on a problem with a known answer.

What is asked is one of two things; the image, of which the feature is a code, tells which shape or
which colour it is. The words alone are right half of the times.
"""

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.discovery.questions import QUESTION_COLUMNS
from pipeline_lib.data.manifest import IMAGE_COLUMNS, read_images, write_csv, write_rows
from pipeline_lib.discovery.answer_scores import score
from pipeline_lib.features.cache import Origin, write_features
from pipeline_lib.steps.discovery import answer, pick_questions
from pipeline_lib.svm.classifier import load

ANSWERS = {"What shape is it?": ("disc", "star"), "What colour is it?": ("red", "blue")}


@pytest.fixture
def study(tmp_path):
    rng = np.random.default_rng(0)
    parts = ["train"] * 60 + ["val"] * 20 + ["test"] * 5
    names = [f"COCO_{number:03}" for number in range(len(parts))]
    shows = rng.integers(2, size=(len(parts), 2))
    rows = []
    for number, (name, part, kinds) in enumerate(zip(names, parts, shows, strict=True)):
        for place, ((text, pair), kind) in enumerate(zip(ANSWERS.items(), kinds, strict=True)):
            said = "" if part == "test" else pair[kind]
            given = json.dumps([f"a {said}"] * 7 + ["odd"] * 3 if said else [])
            choices = json.dumps(["odd", *pair])
            types = ("what", "other" if place else "number") if said else ("", "")
            rows.append((10 * number + place, name, part, text, said, given, choices, *types))
    write_csv(tmp_path / "questions.csv", pd.DataFrame(rows, columns=list(QUESTION_COLUMNS)))
    images = [(name, f"{name}.jpg", "", "", "", 0) for name in names]
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, images)
    images = fingerprint(tmp_path / "images.csv")
    origin = Origin("net", "gap", "f00d", images, "f", "whole", "float32")
    features = np.hstack([np.eye(2)[shows[:, 0]], np.eye(2)[shows[:, 1]]]).astype(np.float32)
    write_features(tmp_path / "features.h5", origin, names, [features])
    return tmp_path


def run(folder, *more, **given):
    flags = {"features": "features.h5", "images": "images.csv", "questions": "questions.csv"}
    flags |= {"scores": "scores.csv", "answers": "answers.csv", "classifier": "c.npz"}
    flags |= {"open-ended": "open.json", "multiple-choice": "choice.json"}
    argv = [word for key, name in flags.items() for word in (f"--{key}", str(folder / name))]
    recipe = {"epochs": 20, "batch": 10, "width": 8, "answer-rate": 0.1, "threads": 1} | given
    argv += [word for key, value in recipe.items() for word in (f"--{key}", str(value))]
    return answer.main([*argv, *more])


def test_the_image_adds_what_it_must(study):
    assert run(study) == 0
    table = pd.read_csv(study / "scores.csv").set_index(["row", "metric"])
    assert list(table) == ["paper", "ours", "low", "high", "n", "note"]
    full, words, image, gain = (
        table.loc[row, "open-ended"]
        for row in ("words and image", "words alone", "image alone", "gain by the image")
    )
    assert (full["ours"], full["n"], full["paper"]) == (100, 40, 55.89)
    assert "the paper's is of test-standard" in full["note"]
    assert words["ours"] < 80
    assert image["ours"] < 80
    assert gain["ours"] == pytest.approx(full["ours"] - words["ours"])
    assert 0 < gain["low"] < gain["high"]
    assert table.loc["words and image", "open-ended, number"]["n"] == 20
    assert set(table.index.get_level_values("metric")) == {
        f"{task}{kind}"
        for task, kind in product(("open-ended", "multiple-choice"), ("", ", number", ", other"))
    }


def test_what_it_leaves_for_the_map_the_figure_and_the_server(study):
    assert run(study) == 0
    first = {path.name: path.read_bytes() for path in study.glob("*.csv")}
    kept = load(study / "c.npz")
    assert sorted(kept.classes) == ["blue", "disc", "red", "star"]
    assert kept.weights.shape == (4, 4)
    assert (kept.network, kept.normalised, kept.bias.any()) == ("f00d", False, np.False_)
    # The channel of a thing is evidence for the answer that names it, rather than for its opposite.
    weights = dict(zip(kept.classes, kept.weights, strict=True))
    assert weights["disc"][0] > weights["star"][0]
    assert weights["blue"][3] > weights["red"][3]
    answers = pd.read_csv(study / "answers.csv")
    assert (answers["accuracy"] == 1).all()
    top = json.loads(answers["top"][0])
    assert [answers["answer"][0], answers["probability"][0]] == top[0]
    questions = pd.read_csv(study / "questions.csv")
    asked = questions.loc[questions["part"] == "test", "question_id"].tolist()
    for name in ("open.json", "choice.json"):
        records = json.loads((study / name).read_text())
        assert [set(one) for one in records] == [{"question_id", "answer"}] * len(asked)
        assert [one["question_id"] for one in records] == asked
    assert run(study) == 0  # the same again
    assert first == {path.name: path.read_bytes() for path in study.glob("*.csv")}


def test_val_has_no_say_in_training(study):
    assert run(study) == 0
    before = load(study / "c.npz").weights
    questions = pd.read_csv(study / "questions.csv", keep_default_na=False)
    is_val = questions["part"] == "val"
    questions.loc[is_val, "answer"] = "odd"
    questions.loc[is_val, "answers"] = json.dumps(["odd"] * 10)
    questions.to_csv(study / "questions.csv", index=False)
    assert run(study) == 0
    assert np.array_equal(load(study / "c.npz").weights, before)
    scores = pd.read_csv(study / "scores.csv").set_index(["row", "metric"])["ours"]
    assert scores["words and image", "open-ended"] == 0


def test_without_choices_there_is_no_second_task(study):
    questions = pd.read_csv(study / "questions.csv", keep_default_na=False)
    questions.assign(choices="[]").to_csv(study / "questions.csv", index=False)
    assert run(study, epochs=2) == 0
    metrics = pd.read_csv(study / "scores.csv")["metric"]
    assert metrics.str.startswith("open-ended").all()


@pytest.mark.parametrize(
    ("given", "message"),
    [({"least-answer": 1000}, "no training answer comes 1000 times"), ({"held-out": 1}, "too few")],
)
def test_bad_input_is_one_line(study, capsys, given, message):
    assert run(study, **given) == 1
    assert message in capsys.readouterr().err


def test_intervals_draw_images_and_not_questions():
    """Ten questions of each image, all right or all wrong: as uncertain as one question an image."""
    outcomes = np.random.default_rng(0).integers(2, size=100).astype(float)
    names = ("words and image", "words alone", "image alone")
    many, one = (
        score(
            {(name, "open-ended"): np.repeat(outcomes, times) for name in names},
            np.repeat(np.arange(100).astype(str), times),
            np.full(100 * times, "other"),
        )
        for times in (10, 1)
    )
    assert many["n"].iloc[0] == 1000
    assert many[["ours", "low", "high"]].equals(one[["ours", "low", "high"]])
    gains = many[many["row"] == "gain by the image"]
    assert (gains[["ours", "low", "high"]] == 0).all(axis=None)


def test_the_picked_are_a_manifest_of_questions(study):
    assert run(study) == 0
    flags = {"answers": "answers.csv", "questions": "questions.csv", "images": "images.csv"}
    flags |= {"out": "shown.csv", "picked": "picked.csv"}
    argv = [word for key, name in flags.items() for word in (f"--{key}", str(study / name))]
    assert pick_questions.main(argv) == 0
    shown = pd.read_csv(study / "shown.csv")
    picked = read_images(study / "picked.csv")
    assert picked["image_id"].tolist() == shown["question_id"].astype(str).tolist()
    assert picked["label"].tolist() == shown["answer"].tolist()
    assert (picked["path"] == shown["image_id"] + ".jpg").all()
