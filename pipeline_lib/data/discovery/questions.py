"""VQA v1: questions about COCO's images, ten people's answers to each, 18 choices to choose from.

Source: the archives' own layout (visualqa.org). ``vqa/`` holds the questions of each subset, once
without and once with choices, and their answers (not published for test); ``coco/`` the images.
"""

import json
from pathlib import Path

import pandas as pd

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json
from pipeline_lib.data.image_files import image_names
from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.reading import TWICE, pass_over
from pipeline_lib.data.transfer.notes import counted

COCO_SPLITS = {"train": "train2014", "val": "val2014", "test": "test2015"}
OFFICIAL = {"train": (82_783, 248_349), "val": (40_504, 121_512), "test": (81_434, 244_302)}
_UNASKED = ("image without a question", "images without a question")
QUESTION_COLUMNS = (
    *("question_id", "image_id", "subset", "question", "answer", "answers", "choices"),
    *("question_type", "answer_type"),
)


def read_vqa(root: Path) -> ImageSet:
    """Read the questions of ``vqa/`` whose image is in ``coco/``.

    ``annotations`` has QUESTION_COLUMNS: ``subset`` is train, val or test; ``answer`` is the most
    frequent answer; ``answers`` (all of them) and ``choices`` are JSON lists, empty if unknown. Test is
    read if its questions and images exist. Raises InputError for a file that is missing or of another
    form, for answers or choices to other questions, and for a subset without an image.
    """
    images, tables, notes = [], [], []
    for subset, coco_split in COCO_SPLITS.items():
        folder = root / "coco" / coco_split
        path = root / "vqa" / f"OpenEnded_mscoco_{coco_split}_questions.json"
        if subset == "test" and not (path.exists() and folder.is_dir()):
            notes.append("No test questions with their images: no submission is written.")
            continue
        present = _images(folder)
        questions = _questions(root / "vqa", subset, coco_split)
        has_image = questions["image_id"].isin(present)
        if not has_image.any():
            raise InputError(f"{folder}: none of the images that {path} asks about; put them there")
        tables.append(questions[has_image])
        names = questions.loc[has_image, "image_id"].unique()
        images += [(name, f"coco/{coco_split}/{present[name]}", "", "", "", 0) for name in names]
        for name in sorted(present.keys() - set(names)):
            pass_over(folder / present[name], _UNASKED)
        counts = (len(names), int(has_image.sum()))
        if counts != OFFICIAL[subset]:
            notes.append(
                f"{counted(counts[0], f'{subset} image')} and {counted(counts[1], 'question')} "
                f"found instead of {OFFICIAL[subset][0]:,} and {OFFICIAL[subset][1]:,}."
            )
    expected = sum(count for count, _ in OFFICIAL.values())
    summary = Summary("VQA v1", len(images), expected, notes)
    return ImageSet(images, [], [], summary, annotations=pd.concat(tables, ignore_index=True))


def _images(folder: Path) -> dict[str, str]:
    """The images' names by what they are without their suffix."""
    found = {}
    for name in image_names(folder):
        if found.setdefault(name.rpartition(".")[0], name) != name:
            pass_over(folder / name, TWICE)
    return found


def _questions(folder: Path, subset: str, coco_split: str) -> pd.DataFrame:
    """All questions of a subset, with their answers and choices if these are known."""
    questions_file = folder / f"OpenEnded_mscoco_{coco_split}_questions.json"
    choices_file = folder / f"MultipleChoice_mscoco_{coco_split}_questions.json"
    answers_file = folder / f"mscoco_{coco_split}_annotations.json"
    questions = _by_question(questions_file, "questions", ("question", "image_id"))
    choices, answers = {}, {}
    if choices_file.exists():
        choices = _by_question(choices_file, "questions", ("multiple_choices",))
        _check_same_questions(questions_file, questions, choices_file, choices)
    if subset != "test":
        keys = ("answers", "multiple_choice_answer", "question_type", "answer_type")
        answers = _by_question(answers_file, "annotations", keys)
        _check_same_questions(questions_file, questions, answers_file, answers)
    rows = []
    for question_id, question in progress(questions.items(), f"reading {subset}"):
        known = answers.get(question_id)
        people = [str(record["answer"]) for record in known["answers"]] if known else []
        rows.append(
            (
                question_id,
                f"COCO_{coco_split}_{int(question['image_id']):012}",
                subset,
                question["question"],
                known["multiple_choice_answer"] if known else "",
                json.dumps(people, ensure_ascii=False),
                json.dumps(choices[question_id]["multiple_choices"], ensure_ascii=False)
                if choices
                else "[]",
                known["question_type"] if known else "",
                known["answer_type"] if known else "",
            )
        )
    return pd.DataFrame(rows, columns=list(QUESTION_COLUMNS))


def _by_question(path: Path, key: str, keys: tuple[str, ...]) -> dict[int, dict]:
    """A file's records by question id, each with all of ``keys``."""
    advice = "unpack its archive again"
    try:
        records = {record["question_id"]: record for record in read_json(path, advice)[key]}
        for record in records.values():
            if not all(name in record for name in keys):
                raise KeyError
            for answer in record.get("answers", ()):
                answer["answer"]
    except (KeyError, TypeError, AttributeError):
        raise InputError(
            f"{path}: not a VQA v1 file: no list '{key}' of records with question_id, "
            f"{', '.join(keys)}; {advice}"
        ) from None
    if not records:
        raise InputError(f"{path}: lists no question; {advice}")
    return records


def _check_same_questions(
    questions_file: Path, questions: dict, other_file: Path, others: dict
) -> None:
    """Refuse a file about other questions, or about some of them only."""
    shared = len(questions.keys() & others.keys())
    if shared < len(questions) or shared < len(others):
        source = "another split" if not shared else "another version"
        raise InputError(
            f"{other_file}: its question ids are not those of {questions_file.name} ({shared:,} in "
            f"common), so it is from {source}; unpack both from the archives of one split"
        )
