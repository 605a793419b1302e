"""VQA v1: questions about COCO's images, ten people's answers to each, 18 choices to choose from.

Source: the archives' own layout (visualqa.org). ``vqa/`` holds a part's questions, once as they are
and once with choices, and their answers, which are not published for test; ``coco/`` its images.
"""

import json
from pathlib import Path

import pandas as pd

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json
from pipeline_lib.data.manifest import ImageSet, Summary
from pipeline_lib.data.transfer.listing import image_names
from pipeline_lib.data.transfer.notes import counted

PARTS = {"train": "train2014", "val": "val2014", "test": "test2015"}
OFFICIAL = {"train": (82_783, 248_349), "val": (40_504, 121_512), "test": (81_434, 244_302)}
QUESTION_COLUMNS = (
    *("question_id", "image_id", "part", "question", "answer", "answers", "choices"),
    *("question_type", "answer_type"),
)


def read_vqa(root: Path) -> ImageSet:
    """Read the questions of ``vqa/`` whose image is in ``coco/``.

    ``annotations`` is of ``QUESTION_COLUMNS``: ``answer`` is the answer most people gave, ``answers``
    (all of them) and ``choices`` are JSON lists, empty where not known; ``part`` is train, val or
    test. Test is read where its questions and images are there. Raises InputError for a file that is
    missing or of another form, for answers or choices of other questions, and for no image of a part.
    """
    images, tables, notes = [], [], []
    for part, subset in PARTS.items():
        folder = root / "coco" / subset
        asked = root / "vqa" / f"OpenEnded_mscoco_{subset}_questions.json"
        if part == "test" and not (asked.exists() and folder.is_dir()):
            notes.append("No test questions with their images: no submission is written.")
            continue
        found = _images(folder)
        questions = _questions(root / "vqa", part, subset)
        there = questions["image_id"].isin(found)
        if not there.any():
            raise InputError(
                f"{folder}: none of the images that {asked} asks about; put them there"
            )
        tables.append(questions[there])
        shown = questions.loc[there, "image_id"].unique()
        images += [(name, f"coco/{subset}/{name}.jpg", "", "", "", 0) for name in shown]
        if (len(shown), int(there.sum())) != OFFICIAL[part]:
            notes.append(
                f"{counted(len(shown), f'{part} image')} and {counted(int(there.sum()), 'question')} "
                f"found instead of {OFFICIAL[part][0]:,} and {OFFICIAL[part][1]:,}."
            )
    expected = sum(count for count, _ in OFFICIAL.values())
    summary = Summary("VQA v1", len(images), expected, notes)
    return ImageSet(images, [], [], summary, annotations=pd.concat(tables, ignore_index=True))


def _images(folder: Path) -> set[str]:
    """The names of the images, without their suffix."""
    names = image_names(folder) if folder.is_dir() else []
    return {name.rpartition(".")[0] for name in names}


def _questions(folder: Path, part: str, subset: str) -> pd.DataFrame:
    """All questions of a part, with what else is known of each."""
    asked = folder / f"OpenEnded_mscoco_{subset}_questions.json"
    chosen = folder / f"MultipleChoice_mscoco_{subset}_questions.json"
    answered = folder / f"mscoco_{subset}_annotations.json"
    questions = _by_question(asked, "questions", ("question", "image_id"))
    choices, answers = {}, {}
    if chosen.exists():
        choices = _by_question(chosen, "questions", ("multiple_choices",))
        _match(asked, questions, chosen, choices)
    if part != "test":
        keys = ("answers", "multiple_choice_answer", "question_type", "answer_type")
        answers = _by_question(answered, "annotations", keys)
        _match(asked, questions, answered, answers)
    rows = []
    for number, one in progress(questions.items(), f"reading {part}"):
        known = answers.get(number)
        given = [str(each["answer"]) for each in known["answers"]] if known else []
        rows.append(
            (
                number,
                f"COCO_{subset}_{int(one['image_id']):012}",
                part,
                one["question"],
                known["multiple_choice_answer"] if known else "",
                json.dumps(given, ensure_ascii=False),
                json.dumps(choices[number]["multiple_choices"], ensure_ascii=False)
                if choices
                else "[]",
                known["question_type"] if known else "",
                known["answer_type"] if known else "",
            )
        )
    return pd.DataFrame(rows, columns=list(QUESTION_COLUMNS))


def _by_question(path: Path, key: str, keys: tuple[str, ...]) -> dict[int, dict]:
    """A file's records by question id, each with all of ``keys``."""
    try:
        records = {one["question_id"]: one for one in read_json(path)[key]}
        for one in records.values():
            if not all(name in one for name in keys):
                raise KeyError
            for answer in one.get("answers", ()):
                answer["answer"]
    except (KeyError, TypeError, AttributeError):
        raise InputError(
            f"{path}: not a VQA v1 file: no list '{key}' of records with question_id, "
            f"{', '.join(keys)}; unpack its archive again"
        ) from None
    if not records:
        raise InputError(f"{path}: lists no question; unpack its archive again")
    return records


def _match(asked: Path, questions: dict, path: Path, others: dict) -> None:
    """Refuse a file that is of another split's questions, or of some of them alone."""
    shared = len(questions.keys() & others.keys())
    if shared < len(questions) or shared < len(others):
        which = "another split" if not shared else "another version"
        raise InputError(
            f"{path}: its question ids are not those of {asked.name} ({shared:,} in common), so it is "
            f"of {which}; unpack both from the archives of one split"
        )
