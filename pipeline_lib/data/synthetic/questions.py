"""The synthetic VQA v1: images of known objects, questions about them, and ten answers to each.

Two thirds of the images show one to three objects of one kind, the others two objects of two kinds.
It is known whether a question's words suffice to answer it: for "what is striped?" they do, because
every striped object is a disc; for "what shape is it?" they do not. Some answers are wrong, and some are
spelt differently.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline_lib.data.discovery.answer_spelling import normalised_answer
from pipeline_lib.data.synthetic.compositions import FEW_OBJECTS, Composition
from pipeline_lib.data.synthetic.image_files import DrawImages, ImageContent, ImageSpec
from pipeline_lib.data.synthetic.kinds import KINDS, Kind

IMAGES_PER_SUBSET = {"train2014": 160, "val2014": 90, "test2015": 30}
ANSWERS, CHOICES = 10, 18  # per question
WRONG_RATE, VARIANT_RATE = 0.08, 0.25  # how often an answer is wrong, or spelt differently
ASKED_KINDS = KINDS[:6]  # few kinds, so that a few images show each often enough
NUMBER_WORDS = ("one", "two", "three")
_SHAPES = tuple(kind.shape for kind in ASKED_KINDS)
_TEXTURES = tuple(kind.texture for kind in ASKED_KINDS)
_POOLS = {"yes/no": ("yes", "no"), "number": ("1", "2", "3"), "other": (*_SHAPES, *_TEXTURES)}
_FILLERS = (
    *("red", "blue", "green", "white", "0", "4", "5", "10", "left", "right", "wood", "none"),
    *("on wall", "tree"),
)


@dataclass(frozen=True)
class Question:
    """A question, its true answer, its first words and the type of its answer."""

    text: str
    answer: str
    first_words: str
    type: str


def write_vqa(
    root: Path,
    rng: np.random.Generator,
    draw: DrawImages,
    images_per_subset: Mapping[str, int] | None = None,
) -> None:
    """Write ``vqa/*_questions.json``, ``vqa/*_annotations.json`` and ``coco/<subset>/COCO_*.jpg``.

    Each image has three questions. Answers of the test images are not published. Without
    ``images_per_subset`` there are IMAGES_PER_SUBSET.
    """
    (root / "vqa").mkdir()
    first = 1
    for subset, count in (images_per_subset or IMAGES_PER_SUBSET).items():
        numbers = range(first, first + count)
        first += count
        specs = [
            ImageSpec(f"coco/{subset}/COCO_{subset}_{number:012}.jpg", _composition(number, rng))
            for number in numbers
        ]
        open_ended, multiple_choice, annotations = [], [], []
        for number, content in zip(numbers, draw(specs), strict=True):
            for index, question in enumerate(_questions(content, rng)):
                key = {"image_id": number, "question_id": 10 * number + index}
                open_ended.append(key | {"question": question.text})
                choices = {"multiple_choices": _choices(question, rng)}
                multiple_choice.append(open_ended[-1] | choices)
                annotations.append(key | _annotation(question, rng))
        shared = {"info": {}, "license": {}, "data_type": "mscoco", "data_subtype": subset}
        files = {
            f"OpenEnded_mscoco_{subset}_questions": {
                "task_type": "Open-Ended",
                "questions": open_ended,
            },
            f"MultipleChoice_mscoco_{subset}_questions": {
                "task_type": "Multiple-Choice",
                "num_choices": CHOICES,
                "questions": multiple_choice,
            },
        }
        if subset != "test2015":
            files[f"mscoco_{subset}_annotations"] = {"annotations": annotations}
        for name, content in files.items():
            (root / "vqa" / f"{name}.json").write_text(json.dumps(shared | content))


def _composition(number: int, rng: np.random.Generator) -> Composition:
    first, second = (ASKED_KINDS[index] for index in rng.permutation(len(ASKED_KINDS))[:2])
    kinds = (first,) * int(rng.integers(1, 4)) if number % 3 else (first, second)
    return Composition("things", tuple((kind,) for kind in kinds), FEW_OBJECTS)


def _questions(image: ImageContent, rng: np.random.Generator) -> list[Question]:
    """Return three questions about an image, in random order."""
    kinds = [each.kind for each in image.objects]
    count = len(kinds)
    questions = [_about_number(count, rng)]
    if len(set(kinds)) == 1:
        questions += [_about_shape(kinds[0], count, rng), _about_presence(kinds[0], rng)]
    else:
        questions += [
            Question(f"What is {kind.texture}?", kind.shape, "what is", "other") for kind in kinds
        ]
    return [questions[index] for index in rng.permutation(len(questions))]


def _about_number(count: int, rng: np.random.Generator) -> Question:
    if rng.random() < 0.5:
        return Question("How many things are there?", str(count), "how many", "number")
    answer = "yes" if count > 1 else "no"
    return Question("Is there more than one thing?", answer, "is there", "yes/no")


def _about_shape(kind: Kind, count: int, rng: np.random.Generator) -> Question:
    if rng.random() < 0.5:
        return Question("What pattern does it have?", kind.texture, "what", "other")
    text = "What shape is it?" if count == 1 else "What shape are the things?"
    return Question(text, kind.shape, "what", "other")


def _about_presence(kind: Kind, rng: np.random.Generator) -> Question:
    """Ask for a shape that is present half of the time: a bag of words and an image cannot tell."""
    other = _SHAPES[int(rng.integers(len(_SHAPES)))]
    shape = kind.shape if rng.random() < 0.5 else other
    article = "an" if shape[0] in "aeiou" else "a"
    answer = "yes" if shape == kind.shape else "no"
    return Question(f"Is there {article} {shape} in the picture?", answer, "is there", "yes/no")


def _annotation(question: Question, rng: np.random.Generator) -> dict:
    """Return ten answers, and the most frequent one."""
    pool = _POOLS[question.type]
    answers = []
    for number in range(1, ANSWERS + 1):
        is_wrong, is_variant = rng.random() < WRONG_RATE, rng.random() < VARIANT_RATE
        answer = pool[int(rng.integers(len(pool)))] if is_wrong else question.answer
        answers.append(
            {
                "answer": _spelling_variant(answer, rng) if is_variant else answer,
                "answer_confidence": "maybe" if is_wrong else "yes",
                "answer_id": number,
            }
        )
    ((most_frequent, _),) = Counter(
        normalised_answer(answer["answer"]) for answer in answers
    ).most_common(1)
    return {
        "question_type": question.first_words,
        "answer_type": question.type,
        "multiple_choice_answer": most_frequent,
        "answers": answers,
    }


def _spelling_variant(answer: str, rng: np.random.Generator) -> str:
    """Return the answer in another spelling: "2" as "two", "disc" as "a disc" or "Disc."."""
    if answer.isdigit():
        return NUMBER_WORDS[int(answer) - 1]
    variants = (f"{answer.title()}.", f"{answer}!", *[f"a {answer}"] * (answer in _SHAPES))
    return variants[int(rng.integers(len(variants)))]


def _choices(question: Question, rng: np.random.Generator) -> list[str]:
    """Return the true answer among seventeen others: three of its type, popular ones, any."""
    pool = [answer for answer in _POOLS[question.type] if answer != question.answer]
    plausible = [pool[index] for index in rng.permutation(len(pool))[:3]]
    popular = (*_POOLS["yes/no"], *_POOLS["number"])
    others = dict.fromkeys(
        answer for answer in (*plausible, *popular, *_FILLERS) if answer != question.answer
    )
    choices = [question.answer, *list(others)[: CHOICES - 1]]
    return [choices[index] for index in rng.permutation(CHOICES)]
