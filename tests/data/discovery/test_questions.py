"""VQA v1's files, made by hand in the official form."""

import json

import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.discovery.questions import COCO_SPLITS, OFFICIAL, QUESTION_COLUMNS, read_vqa
from pipeline_lib.data.downloads import downloads
from pipeline_lib.steps.data import index

# question_id, image_id, question, what people answered
ASKED = {
    "train2014": [(90, 9, "What is it?", ["a cat"] * 10), (91, 9, "Is it red?", ["no"] * 10)],
    "val2014": [(420, 42, "How many?", ["2"] * 6 + ["two"] * 4), (430, 43, "Why?", ["x"] * 10)],
    "test2015": [(10, 1, "Who?", [])],
}


def write(root, subset, kind, content):
    common = {"info": {}, "license": {}, "data_type": "mscoco", "data_subtype": subset}
    name = {
        "annotations": f"mscoco_{subset}_annotations",
        "open": f"OpenEnded_mscoco_{subset}_questions",
        "choice": f"MultipleChoice_mscoco_{subset}_questions",
    }[kind]
    path = root / "vqa" / f"{name}.json"
    path.write_text(json.dumps(common | content))
    return path


def write_part(root, subset, rows, *, choices=True, images=True):
    (root / "vqa").mkdir(exist_ok=True)
    asked = [{"question_id": q, "image_id": i, "question": text} for q, i, text, _ in rows]
    write(root, subset, "open", {"task_type": "Open-Ended", "questions": asked})
    if choices:
        chosen = [one | {"multiple_choices": ["yes", "2", "a, b"]} for one in asked]
        write(root, subset, "choice", {"num_choices": 18, "questions": chosen})
    if subset != "test2015":
        answered = [
            {
                "question_id": q,
                "image_id": i,
                "question_type": "none of the above",
                "answer_type": "other",
                "multiple_choice_answer": answers[0],
                "answers": [
                    {"answer": one, "answer_confidence": "yes", "answer_id": n}
                    for n, one in enumerate(answers, 1)
                ],
            }
            for q, i, _, answers in rows
        ]
        write(root, subset, "annotations", {"annotations": answered})
    if images:
        folder = root / "coco" / subset
        folder.mkdir(parents=True)
        for _, image, *_ in rows:
            Image.new("RGB", (8, 6)).save(folder / f"COCO_{subset}_{image:012d}.jpg")


@pytest.fixture
def root(tmp_path):
    for subset, rows in ASKED.items():
        write_part(tmp_path, subset, rows)
    return tmp_path


def test_a_row_a_question_an_image_once(root):
    found = read_vqa(root)
    assert found.images[0] == (
        "COCO_train2014_000000000009",
        "coco/train2014/COCO_train2014_000000000009.jpg",
        *("", "", "", 0),
    )
    assert len(found.images) == 4
    table = found.annotations.set_index("question_id")
    assert list(found.annotations) == list(QUESTION_COLUMNS)
    assert table["subset"].to_dict() == {
        90: "train",
        91: "train",
        420: "val",
        430: "val",
        10: "test",
    }
    assert table.loc[420, "image_id"] == "COCO_val2014_000000000042"
    assert json.loads(table.loc[420, "answers"]) == ["2"] * 6 + ["two"] * 4
    assert json.loads(table.loc[90, "choices"]) == ["yes", "2", "a, b"]
    assert table.loc[90, "answer"] == "a cat"
    assert (table.loc[10, "answer"], table.loc[10, "answers"]) == ("", "[]")
    assert found.summary.expected == sum(images for images, _ in OFFICIAL.values())
    assert any("2 val images and 2 questions found" in note for note in found.summary.notes)


def test_without_choices_test_and_some_images(tmp_path):
    write_part(tmp_path, "train2014", ASKED["train2014"], choices=False)
    write_part(tmp_path, "val2014", ASKED["val2014"])
    (tmp_path / "coco/val2014/COCO_val2014_000000000043.jpg").unlink()
    write_part(tmp_path, "test2015", ASKED["test2015"], images=False)
    found = read_vqa(tmp_path)
    assert found.annotations["question_id"].tolist() == [90, 91, 420]
    assert found.annotations["choices"].tolist()[:2] == ["[]", "[]"]
    assert "no submission is written" in " ".join(found.summary.notes)


def test_the_step_writes_what_pandas_reads_back(root):
    flags = ["--layout", "vqa", "--root", str(root)]
    outputs = {name: root / f"{name}.csv" for name in ("images", "annotations", "splits")}
    for name, path in outputs.items():
        flags += [f"--{name}", str(path)]
    assert index.main(flags) == 0
    again = pd.read_csv(outputs["annotations"], keep_default_na=False, comment="#")
    pd.testing.assert_frame_equal(again, read_vqa(root).annotations, check_dtype=False)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda root: (root / "vqa/mscoco_val2014_annotations.json").write_bytes(
                (root / "vqa/mscoco_train2014_annotations.json").read_bytes()
            ),
            "val2014_annotations.json: its question ids are not those of OpenEnded_mscoco_val2014_"
            "questions.json .0 in common.*another split",
        ),
        (
            lambda root: write(root, "val2014", "choice", {"questions": [
                {"question_id": 420, "multiple_choices": []}]}),
            "MultipleChoice_mscoco_val2014.*1 in common.*another version",
        ),
        (lambda root: (root / "vqa/OpenEnded_mscoco_train2014_questions.json").unlink(), "not found"),
        (lambda root: (root / "vqa/mscoco_train2014_annotations.json").write_text("{"), "not valid"),
        (
            lambda root: write(root, "train2014", "annotations", {"annotations": [{"answers": []}]}),
            "not a VQA v1 file: no list 'annotations' of records with question_id",
        ),
        (lambda root: write(root, "val2014", "open", {"questions": 3}), "not a VQA v1 file"),
        (lambda root: write(root, "val2014", "open", {"questions": []}), "lists no question"),
        (
            lambda root: [path.unlink() for path in (root / "coco/val2014").iterdir()],
            "val2014: none of the images",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(root, spoil, message):
    spoil(root)
    with pytest.raises(InputError, match=message) as error:
        read_vqa(root)
    assert "\n" not in str(error.value)


def test_the_list_of_downloads_knows_the_files_that_are_read():
    in_archives = {
        name for archive in downloads()["vqa"].archives for name in archive.expected_files
    }
    for subset in COCO_SPLITS.values():
        names = {
            f"{task}_mscoco_{subset}_questions.json" for task in ("OpenEnded", "MultipleChoice")
        }
        assert names <= in_archives
