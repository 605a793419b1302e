"""Which answered questions Figure 12 shows: correct and wrong ones, chosen by a rule."""

from itertools import combinations

import pandas as pd

from pipeline_lib.evaluation.vqa import RIGHT

PAIRED = "other"  # the type of answer of the images that are shown with two maps
CHOICE = (
    "questions of val: of each type of answer the most probable right one, the right one of median "
    "probability and the most probable wrong one (right: three of the ten people say so, wrong: none "
    "does); then images with two questions that are answered rightly and differently, neither by yes, "
    "no or a number, ranked by the probability of the less probable answer; no image comes twice"
)


def select_questions(answered: pd.DataFrame, pairs: int) -> pd.DataFrame:
    """Return the rows to show by the rule CHOICE, with two more columns: ``why``, and ``group``.

    ``answered`` has question_id, image_id, answer_type, answer, probability and accuracy of each
    question, and any other columns. A group is a type of answer, or "pair 1" to at most ``pairs``.
    Cases without a question are left out.
    """
    ranked = answered.sort_values(
        ["probability", "question_id"], ascending=[False, True], ignore_index=True
    )
    used_images: set[str] = set()
    selected = []
    for answer_type, rows in ranked.groupby("answer_type", sort=False):
        right, wrong = rows[rows["accuracy"] >= RIGHT], rows[rows["accuracy"] == 0]
        for why, candidates in (
            ("surest right", right),
            ("median right", right.iloc[len(right) // 2 :]),
            ("surest wrong", wrong),
        ):
            for index, image in candidates["image_id"].items():
                if image not in used_images:
                    used_images.add(image)
                    selected.append((index, why, answer_type))
                    break
    best_pairs = _pairs(ranked[~ranked["image_id"].isin(used_images)])[:pairs]
    for number, pair in enumerate(best_pairs, 1):
        selected += [(index, "both right", f"pair {number}") for index in pair]
    whys, groups = ([row[column] for row in selected] for column in (1, 2))
    return ranked.loc[[row[0] for row in selected]].assign(why=whys, group=groups)


def is_pair(group: str) -> bool:
    """Return whether a group is a pair of questions about one image, not a type of answer."""
    return group.startswith("pair ")


def _pairs(ranked: pd.DataFrame) -> list[tuple[int, int]]:
    """Return the two most probable questions to show of each image with two, best images first."""
    candidates = ranked[(ranked["accuracy"] >= RIGHT) & (ranked["answer_type"] == PAIRED)]
    lower_probability = {}
    for _, rows in candidates.groupby("image_id", sort=False):
        for first, second in combinations(rows.index, 2):
            if rows["answer"][first] != rows["answer"][second]:
                lower_probability[first, second] = rows["probability"][second]
                break
    return sorted(lower_probability, key=lower_probability.get, reverse=True)
