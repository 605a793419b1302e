"""Which answered questions Figure 12 shows: right ones and wrong ones, by a rule."""

from itertools import combinations

import pandas as pd

from pipeline_lib.evaluation.vqa import RIGHT

PAIRED = "other"  # the type of answers that two maps of an image are shown of
CHOICE = (
    "questions of val: of each type of answer the most probable right one, the right one of median "
    "probability and the most probable wrong one (right: three of the ten people say so, wrong: none "
    "does); then images with two questions that are answered rightly and differently, neither by yes, "
    "no or a number, those whose less probable answer is most probable; no image comes twice"
)


def choose(answered: pd.DataFrame, pairs: int) -> pd.DataFrame:
    """Return the rows to show by the rule CHOICE, with ``why`` each is shown, and ``group``.

    ``answered`` has question_id, image_id, answer_type, answer, probability and accuracy of each
    question, and any other columns. A group is a type of answer, or "pair 1" and so on, of at most
    ``pairs`` images. What there is no question for is left out.
    """
    ranked = answered.sort_values(
        ["probability", "question_id"], ascending=[False, True], ignore_index=True
    )
    used: set[str] = set()
    chosen = []
    for kind, rows in ranked.groupby("answer_type", sort=False):
        right, wrong = rows[rows["accuracy"] >= RIGHT], rows[rows["accuracy"] == 0]
        for why, among in (
            ("surest right", right),
            ("median right", right.iloc[len(right) // 2 :]),
            ("surest wrong", wrong),
        ):
            for index, image in among["image_id"].items():
                if image not in used:
                    used.add(image)
                    chosen.append((index, why, kind))
                    break
    found = _pairs(ranked[~ranked["image_id"].isin(used)])[:pairs]
    for number, pair in enumerate(found, 1):
        chosen += [(index, "both right", f"pair {number}") for index in pair]
    whys, kinds = ([one[column] for one in chosen] for column in (1, 2))
    return ranked.loc[[one[0] for one in chosen]].assign(why=whys, group=kinds)


def is_pair(group: str) -> bool:
    """Tell a group of two questions about an image from a type of answer."""
    return group.startswith("pair ")


def _pairs(ranked: pd.DataFrame) -> list[tuple[int, int]]:
    """The two surest questions to show of each image that has two, the best images first."""
    shown = ranked[(ranked["accuracy"] >= RIGHT) & (ranked["answer_type"] == PAIRED)]
    lesser = {}
    for _, rows in shown.groupby("image_id", sort=False):
        for one, other in combinations(rows.index, 2):
            if rows["answer"][one] != rows["answer"][other]:
                lesser[one, other] = rows["probability"][other]
                break
    return sorted(lesser, key=lesser.get, reverse=True)
