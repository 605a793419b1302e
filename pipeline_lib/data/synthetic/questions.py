"""The twin of VQA v1: pictures of known things, questions about them, and ten people who answer.

Two thirds of the pictures show one to three things of a kind, the others two of two kinds. Whether a
question can be answered from its words alone is known: "what is striped?" can, for every striped thing
is a disc, "what shape is it?" cannot. The people err now and then and spell as they like.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline_lib.data.synthetic.classes import THINGS, Composition
from pipeline_lib.data.synthetic.kinds import KINDS, Kind
from pipeline_lib.data.synthetic.pictures import Draw, Drawn, Picture
from pipeline_lib.evaluation.vqa import normalised

IMAGES = {"train2014": 160, "val2014": 90, "test2015": 30}
PEOPLE, CHOICES = 10, 18
WRONG, SPELLED = 0.08, 0.25  # how often one of the people errs, or spells in a way of his own
NAMED = KINDS[:6]  # few kinds, so that few pictures show enough of each
NUMBERS = ("one", "two", "three")
_SHAPES = tuple(kind.shape for kind in NAMED)
_TEXTURES = tuple(kind.texture for kind in NAMED)
_POOLS = {"yes/no": ("yes", "no"), "number": ("1", "2", "3"), "other": (*_SHAPES, *_TEXTURES)}
_FILLERS = (
    *("red", "blue", "green", "white", "0", "4", "5", "10", "left", "right", "wood", "none"),
    *("on wall", "tree"),
)


@dataclass(frozen=True)
class Question:
    """A question, its true answer, how it begins and of what type its answer is."""

    text: str
    answer: str
    begins: str
    type: str


def write_vqa(root: Path, rng: np.random.Generator, draw: Draw) -> None:
    """``vqa/*_questions.json`` and ``*_annotations.json``, and ``coco/<split>/COCO_*.jpg``.

    Each picture has three questions. Answers of test are not published.
    """
    (root / "vqa").mkdir()
    first = 1
    for subset, count in IMAGES.items():
        numbers = range(first, first + count)
        first += count
        pictures = [
            Picture(f"coco/{subset}/COCO_{subset}_{number:012}.jpg", _composition(number, rng))
            for number in numbers
        ]
        asked, chosen, answered = [], [], []
        for number, drawn in zip(numbers, draw(pictures), strict=True):
            for place, question in enumerate(_questions(drawn, rng)):
                key = {"image_id": number, "question_id": 10 * number + place}
                asked.append(key | {"question": question.text})
                chosen.append(asked[-1] | {"multiple_choices": _choices(question, rng)})
                answered.append(key | _annotation(question, rng))
        shared = {"info": {}, "license": {}, "data_type": "mscoco", "data_subtype": subset}
        names = {
            f"OpenEnded_mscoco_{subset}_questions": {"task_type": "Open-Ended", "questions": asked},
            f"MultipleChoice_mscoco_{subset}_questions": {
                "task_type": "Multiple-Choice",
                "num_choices": CHOICES,
                "questions": chosen,
            },
        }
        if subset != "test2015":
            names[f"mscoco_{subset}_annotations"] = {"annotations": answered}
        for name, content in names.items():
            (root / "vqa" / f"{name}.json").write_text(json.dumps(shared | content))


def _composition(number: int, rng: np.random.Generator) -> Composition:
    one, other = (NAMED[index] for index in rng.permutation(len(NAMED))[:2])
    kinds = (one,) * int(rng.integers(1, 4)) if number % 3 else (one, other)
    return Composition("things", tuple((kind,) for kind in kinds), THINGS)


def _questions(drawn: Drawn, rng: np.random.Generator) -> list[Question]:
    """Three questions about what a picture shows, in any order."""
    kinds = [one.kind for one in drawn.objects]
    count = len(kinds)
    asked = [_about_number(count, rng)]
    if len(set(kinds)) == 1:
        asked += [_about_shape(kinds[0], count, rng), _about_presence(kinds[0], rng)]
    else:
        asked += [
            Question(f"What is {kind.texture}?", kind.shape, "what is", "other") for kind in kinds
        ]
    return [asked[index] for index in rng.permutation(len(asked))]


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
    """Half of the times what is asked for is there: a bag of words and an image cannot tell."""
    other = _SHAPES[int(rng.integers(len(_SHAPES)))]
    shape = kind.shape if rng.random() < 0.5 else other
    article = "an" if shape[0] in "aeiou" else "a"
    answer = "yes" if shape == kind.shape else "no"
    return Question(f"Is there {article} {shape} in the picture?", answer, "is there", "yes/no")


def _annotation(question: Question, rng: np.random.Generator) -> dict:
    """What ten people answer; the answer that most gave is the question's own."""
    pool = _POOLS[question.type]
    answers = []
    for number in range(1, PEOPLE + 1):
        errs, spells = rng.random() < WRONG, rng.random() < SPELLED
        said = pool[int(rng.integers(len(pool)))] if errs else question.answer
        answers.append(
            {
                "answer": _spelled(said, rng) if spells else said,
                "answer_confidence": "maybe" if errs else "yes",
                "answer_id": number,
            }
        )
    ((most, _),) = Counter(normalised(one["answer"]) for one in answers).most_common(1)
    return {
        "question_type": question.begins,
        "answer_type": question.type,
        "multiple_choice_answer": most,
        "answers": answers,
    }


def _spelled(answer: str, rng: np.random.Generator) -> str:
    """The same in another spelling: "2" as "two", "disc" as "a disc" or "Disc."."""
    if answer.isdigit():
        return NUMBERS[int(answer) - 1]
    ways = (f"{answer.title()}.", f"{answer}!", *[f"a {answer}"] * (answer in _SHAPES))
    return ways[int(rng.integers(len(ways)))]


def _choices(question: Question, rng: np.random.Generator) -> list[str]:
    """The true answer among seventeen others: three of its type, the popular ones, any."""
    pool = [one for one in _POOLS[question.type] if one != question.answer]
    plausible = [pool[index] for index in rng.permutation(len(pool))[:3]]
    popular = (*_POOLS["yes/no"], *_POOLS["number"])
    others = dict.fromkeys(
        one for one in (*plausible, *popular, *_FILLERS) if one != question.answer
    )
    choices = [question.answer, *list(others)[: CHOICES - 1]]
    return [choices[index] for index in rng.permutation(CHOICES)]
