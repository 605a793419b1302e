"""The synthetic VQA v1: the format of its files, and what can be answered from words alone."""

import json
from collections import Counter

import pytest
from PIL import Image

from pipeline_lib.data.discovery.answer_spelling import normalised_answer
from pipeline_lib.data.discovery.questions import COCO_SPLITS, read_vqa
from pipeline_lib.data.synthetic import questions
from pipeline_lib.evaluation.vqa import accuracy
from pipeline_lib.steps.data import synthesize

from .conftest import tree

FEW = {"train2014": 24, "val2014": 16, "test2015": 4}


def drawn(folder, processes=1):
    flags = ["--layout", "vqa", "--seed", "3", "--processes", str(processes)]
    assert synthesize.main([*flags, "--out", str(folder / "vqa")]) == 0
    return folder / "vqa"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(questions, "IMAGES_PER_SUBSET", FEW)
        yield drawn(tmp_path_factory.mktemp("drawn"))


def content(root, name):
    return json.loads((root / "vqa" / f"{name}.json").read_text())


def test_the_files_are_in_the_official_form(root):
    all_images = set()
    for subset in COCO_SPLITS.values():
        open_ended = content(root, f"OpenEnded_mscoco_{subset}_questions")
        multiple_choice = content(root, f"MultipleChoice_mscoco_{subset}_questions")
        assert (open_ended["task_type"], multiple_choice["task_type"]) == (
            "Open-Ended",
            "Multiple-Choice",
        )
        assert open_ended["data_subtype"] == subset
        assert len(open_ended["questions"]) == 3 * FEW[subset]
        for one, other in zip(open_ended["questions"], multiple_choice["questions"], strict=True):
            choices = other.pop("multiple_choices")
            assert len(set(choices)) == len(choices) == multiple_choice["num_choices"] == 18
            assert one == other
            assert set(one) == {"question", "image_id", "question_id"}
        images = {one["image_id"] for one in open_ended["questions"]}
        assert not images & all_images
        all_images |= images
        names = {f"COCO_{subset}_{image:012}.jpg" for image in images}
        assert {path.name for path in (root / "coco" / subset).iterdir()} == names
    with Image.open(next((root / "coco/val2014").iterdir())) as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")
    assert not (root / "vqa/mscoco_test2015_annotations.json").exists()


def test_ten_people_answer_with_some_noise(root):
    annotations = content(root, "mscoco_train2014_annotations")["annotations"]
    choices = {
        one["question_id"]: one["multiple_choices"]
        for one in content(root, "MultipleChoice_mscoco_train2014_questions")["questions"]
    }
    spelled, agreed, types = 0, 0, Counter()
    for one in annotations:
        given = [each["answer"] for each in one["answers"]]
        assert [each["answer_id"] for each in one["answers"]] == list(range(1, 11))
        assert one["multiple_choice_answer"] in choices[one["question_id"]]
        assert accuracy(one["multiple_choice_answer"], given) >= 0.9
        spelled += sum(normalised_answer(answer) != answer for answer in given)
        agreed += sum(
            normalised_answer(answer) == one["multiple_choice_answer"] for answer in given
        )
        types[one["answer_type"]] += 1
    total = 10 * len(annotations)
    assert 0.1 < spelled / total < 0.4
    assert 0.85 < agreed / total < 0.99
    assert set(types) == {"yes/no", "number", "other"}


def test_the_same_words_have_several_answers_that_the_picture_decides(root):
    table = read_vqa(root).annotations
    answers = table[table["subset"] != "test"].groupby("question")["answer"].agg(set)
    assert len(answers["What pattern does it have?"]) > 2
    assert len(answers["How many things are there?"]) > 1
    from_words = [name for name in answers.index if name.startswith("What is ")]
    assert all(len(answers[name]) == 1 for name in from_words)


def test_processes_change_no_byte(root, tmp_path, monkeypatch):
    monkeypatch.setattr(questions, "IMAGES_PER_SUBSET", FEW)
    assert tree(drawn(tmp_path, processes=2)) == tree(root)
