"""From questions and features to scores, a classifier and submissions, on a problem with a known answer.

A question is about the shape or the colour; the features encode both. The words alone are right half of
the time.
"""

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.discovery.questions import QUESTION_COLUMNS
from pipeline_lib.data.manifest import IMAGE_COLUMNS, read_images, write_csv, write_rows
from pipeline_lib.discovery.answer_scores import VQA_SCORE_COLUMNS
from pipeline_lib.features.cache import Origin, write_features
from pipeline_lib.steps.discovery import answer, pick_questions
from pipeline_lib.svm.classifier import load
from tests.editing import rewrite

ANSWERS = {"What shape is it?": ("disc", "star"), "What colour is it?": ("red", "blue")}


@pytest.fixture
def study(tmp_path):
    rng = np.random.default_rng(0)
    subsets = ["train"] * 60 + ["val"] * 20 + ["test"] * 5
    names = [f"COCO_{number:03}" for number in range(len(subsets))]
    shows = rng.integers(2, size=(len(subsets), 2))
    rows = []
    for number, (name, subset, kinds) in enumerate(zip(names, subsets, shows, strict=True)):
        for place, ((text, pair), kind) in enumerate(zip(ANSWERS.items(), kinds, strict=True)):
            answer_text = "" if subset == "test" else pair[kind]
            given = json.dumps([f"a {answer_text}"] * 7 + ["odd"] * 3 if answer_text else [])
            choices = json.dumps(["odd", *pair])
            types = ("what", "other" if place else "number") if answer_text else ("", "")
            rows.append(
                (10 * number + place, name, subset, text, answer_text, given, choices, *types)
            )
    write_csv(tmp_path / "questions.csv", pd.DataFrame(rows, columns=list(QUESTION_COLUMNS)))
    images = [(name, f"{name}.jpg", "", "", "", 0) for name in names]
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, images)
    images = fingerprint(tmp_path / "images.csv")
    origin = Origin("net", "gap", "f00d", images, "f", "whole", "float32")
    features = np.hstack([np.eye(2)[shows[:, 0]], np.eye(2)[shows[:, 1]]]).astype(np.float32)
    write_features(tmp_path / "features.h5", origin, names, [features])
    return tmp_path


def last_line(capsys):
    """The only line but for that of the device."""
    *device, line = capsys.readouterr().err.splitlines()
    assert all(each.startswith("device: ") for each in device)
    return line


def run(folder, *more, **given):
    flags = {"features": "features.h5", "images": "images.csv", "questions": "questions.csv"}
    flags |= {"scores": "scores.csv", "answers": "answers.csv", "classifier": "c.npz"}
    flags |= {"open-ended": "open.json", "multiple-choice": "choice.json"}
    argv = [word for key, name in flags.items() for word in (f"--{key}", str(folder / name))]
    settings = {"epochs": 20, "batch": 10, "width": 8, "answer-rate": 0.1, "threads": 1} | given
    argv += [word for key, value in settings.items() for word in (f"--{key}", str(value))]
    return answer.main([*argv, *more])


def test_the_image_gains_what_the_words_cannot_know(study):
    assert run(study) == 0
    table = pd.read_csv(study / "scores.csv", comment="#").set_index(["row", "metric"])
    assert list(table.reset_index()) == list(VQA_SCORE_COLUMNS)
    full, words, image, gain = (
        table.loc[row, "open-ended"]
        for row in ("words and image", "words alone", "image alone", "gain by the image")
    )
    assert (full["value"], full["n"], full["images"]) == (100, 40, 20)
    assert 1 <= full["epoch"] <= full["epochs"] == 20
    assert np.isnan(gain["epoch"])
    assert words["value"] < 80
    assert image["value"] < 80
    assert gain["value"] == pytest.approx(full["value"] - words["value"])
    assert 0 < gain["low"] < gain["high"]
    assert table.loc["words and image", "open-ended, number"]["n"] == 20
    assert set(table.index.get_level_values("metric")) == {
        f"{task}{kind}"
        for task, kind in product(("open-ended", "multiple-choice"), ("", ", number", ", other"))
    }


def test_the_classifier_the_answers_and_the_submissions(study):
    assert run(study) == 0
    first = {path.name: path.read_bytes() for path in study.glob("*.csv")}
    classifier = load(study / "c.npz")
    assert sorted(classifier.classes) == ["blue", "disc", "red", "star"]
    assert classifier.weights.shape == (4, 4)
    assert (classifier.network, classifier.normalised, classifier.bias.any()) == (
        "f00d",
        False,
        np.False_,
    )
    # The channel of a shape or colour is evidence for the answer that names it, not for the other one.
    weights = dict(zip(classifier.classes, classifier.weights, strict=True))
    assert weights["disc"][0] > weights["star"][0]
    assert weights["blue"][3] > weights["red"][3]
    answers = pd.read_csv(study / "answers.csv", comment="#")
    assert (answers["accuracy"] == 1).all()
    top = json.loads(answers["top"][0])
    assert [answers["answer"][0], answers["probability"][0]] == top[0]
    questions = pd.read_csv(study / "questions.csv", comment="#")
    question_ids = questions.loc[questions["subset"] == "test", "question_id"].tolist()
    for name in ("open.json", "choice.json"):
        records = json.loads((study / name).read_text())
        assert [set(record) for record in records] == [{"question_id", "answer"}] * len(
            question_ids
        )
        assert [record["question_id"] for record in records] == question_ids
    assert run(study) == 0  # the same again
    assert first == {path.name: path.read_bytes() for path in study.glob("*.csv")}


def test_val_is_not_used_in_training(study):
    assert run(study) == 0
    before = load(study / "c.npz").weights
    questions = pd.read_csv(study / "questions.csv", keep_default_na=False, comment="#")
    is_val = questions["subset"] == "val"
    questions.loc[is_val, "answer"] = "odd"
    questions.loc[is_val, "answers"] = json.dumps(["odd"] * 10)
    rewrite(study / "questions.csv", questions)
    assert run(study) == 0
    assert np.array_equal(load(study / "c.npz").weights, before)
    scores = pd.read_csv(study / "scores.csv", comment="#").set_index(["row", "metric"])["value"]
    assert scores["words and image", "open-ended"] == 0


def test_the_submission_is_of_a_model_that_also_saw_val(study):
    """Only val, and test, ask whether it is big, and only val has the answer."""
    questions = pd.read_csv(study / "questions.csv", keep_default_na=False, comment="#")
    of_size = questions[(questions["subset"] != "train") & (questions["question_id"] % 10 == 1)]
    answers = np.where(of_size["subset"] == "val", "yes", "")
    choices = json.dumps(["odd", "yes"])
    of_size = of_size.assign(question="Is it big?", answer=answers, choices=choices)
    of_size["question_id"] += 1
    questions = pd.concat([questions, of_size])
    rewrite(study / "questions.csv", questions)
    assert run(study) == 0
    assert "yes" not in load(study / "c.npz").classes  # of train alone, like the scores on val
    assert "yes" not in set(pd.read_csv(study / "answers.csv", comment="#")["answer"])
    scores = (study / "scores.csv").read_bytes()
    for name in ("open.json", "choice.json"):
        records = json.loads((study / name).read_text())
        said = {one["answer"] for one in records if one["question_id"] % 10 == 2}
        assert said == {"yes"}, name
    rewrite(study / "questions.csv", questions[questions["subset"] != "test"])
    assert run(study) == 0
    assert (study / "scores.csv").read_bytes() == scores
    assert json.loads((study / "open.json").read_text()) == []


def test_without_choices_there_is_no_second_task(study):
    questions = pd.read_csv(study / "questions.csv", keep_default_na=False, comment="#")
    rewrite(study / "questions.csv", questions.assign(choices="[]"))
    assert run(study, epochs=2) == 0
    metrics = pd.read_csv(study / "scores.csv", comment="#")["metric"]
    assert metrics.str.startswith("open-ended").all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"min-answer-count": 1000}, "questions.csv: no training answer occurs 1000 times; lower"),
        ({"held-out-fraction": 1}, "--held-out-fraction: 1.0 must be below 1"),
    ],
)
def test_bad_input_is_one_line(study, capsys, given, message):
    assert run(study, **given) == 1
    line = last_line(capsys)
    assert message in line


def test_a_single_training_image_is_too_few(study, capsys):
    questions = pd.read_csv(study / "questions.csv", keep_default_na=False, comment="#")
    is_one = questions["image_id"].eq("COCO_000") | questions["subset"].ne("train")
    rewrite(study / "questions.csv", questions[is_one])
    assert run(study) == 1
    line = last_line(capsys)
    assert "questions.csv: too few training images to hold some out; add some" in line


def test_picked_questions_are_a_manifest(study):
    assert run(study) == 0
    flags = {"answers": "answers.csv", "questions": "questions.csv", "images": "images.csv"}
    flags |= {"out": "shown.csv", "picked": "picked.csv"}
    argv = [word for key, name in flags.items() for word in (f"--{key}", str(study / name))]
    assert pick_questions.main(argv) == 0
    shown = pd.read_csv(study / "shown.csv", comment="#")
    picked = read_images(study / "picked.csv")
    assert picked["image_id"].tolist() == shown["question_id"].astype(str).tolist()
    assert picked["label"].tolist() == shown["answer"].tolist()
    assert (picked["path"] == shown["image_id"] + ".jpg").all()
