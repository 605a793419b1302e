"""Pick the few answered questions of val that Figure 12 shows, right ones and wrong ones, by a rule."""

import argparse
import sys
from itertools import combinations
from pathlib import Path

import pandas as pd

from pipeline_lib.common.command import command, log, parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.discovery.questions import QUESTION_COLUMNS
from pipeline_lib.data.manifest import IMAGE_COLUMNS, read_csv, read_images, write_csv, write_rows

RIGHT = 0.9  # the accuracy of an answer that three of ten people gave, of ten in all
CERTAIN, MEDIAN, WRONG = "surest right", "median right", "surest wrong"
PAIRED = "other"  # the type of answers that two maps of an image are shown of
CHOICE = (
    "questions of val: of each type of answer the most probable right one, the right one of median "
    "probability and the most probable wrong one (right: three of the ten people say so, wrong: none "
    "does); then images with two questions that are answered rightly and differently, neither by yes, "
    "no or a number, those whose less probable answer is most probable; no image comes twice"
)


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "pick_questions")
    made.add_argument("--answers", type=Path, required=True, help="written by answer")
    made.add_argument("--questions", type=Path, required=True, help="the set's annotations")
    made.add_argument("--images", type=Path, required=True, help="the set's manifest")
    made.add_argument("--pairs", type=int, default=2, help="images with two questions")
    made.add_argument(
        "--out", type=Path, required=True, help="CSV to write: what is shown, and why"
    )
    made.add_argument("--picked", type=Path, required=True, help="a manifest to write, see pick")
    return made


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write the picked questions and a manifest of them.

    The manifest has a row a question, its image_id is the question's id and its label the answer, so
    that the label's map is the answer's.
    """
    questions = read_csv(arguments.questions, QUESTION_COLUMNS)
    answers = read_csv(arguments.answers, ("question_id", "answer", "probability", "accuracy"))
    # What people answered is "answer" in the one, what the model answers in the other.
    asked = questions.rename(columns={"answer": "most_given"})
    answered = answers.astype({"answer": str}).merge(asked, on="question_id", validate="1:1")
    shown = choose(answered, arguments.pairs)
    if shown.empty:
        raise InputError(f"{arguments.answers}: no question is answered right or wrong by all")
    path_of = read_images(arguments.images).set_index("image_id")["path"]
    rows = [
        (number, path_of[image], answer, "", "", 0)
        for number, image, answer in shown[["question_id", "image_id", "answer"]].itertuples(
            index=False
        )
    ]
    write_rows(arguments.picked, IMAGE_COLUMNS, rows)
    write_csv(arguments.out, shown)
    log.info("picked %d questions", len(shown))


def choose(answered: pd.DataFrame, pairs: int) -> pd.DataFrame:
    """Return the rows to show by the rule CHOICE, with ``why`` each is shown, and ``group``.

    ``answered`` has image_id, answer_type, answer, probability and accuracy of each question. A group
    is a type of answer, or "pair 1" and so on.
    """
    ranked = answered.sort_values(["probability", "question_id"], ascending=[False, True])
    used: set[str] = set()
    chosen = []
    for kind, rows in ranked.groupby("answer_type", sort=False):
        right, wrong = rows[rows["accuracy"] >= RIGHT], rows[rows["accuracy"] == 0]
        for why, among, start in (
            (CERTAIN, right, 0),
            (MEDIAN, right, len(right) // 2),
            (WRONG, wrong, 0),
        ):
            fresh = among.iloc[start:]
            fresh = fresh[~fresh["image_id"].isin(used)].head(1)
            used.update(fresh["image_id"])
            chosen.append(fresh.assign(why=why, group=kind))
    found = _pairs(ranked[~ranked["image_id"].isin(used)])[:pairs]
    chosen += [
        ranked.loc[list(pair)].assign(why="two questions", group=f"pair {number}")
        for number, pair in enumerate(found, 1)
    ]
    return pd.concat(chosen)


def _pairs(ranked: pd.DataFrame) -> list[tuple[int, int]]:
    """The two best questions of each image that has two to show, the best images first."""
    shown = ranked[(ranked["accuracy"] >= RIGHT) & (ranked["answer_type"] == PAIRED)]
    found = {}
    for _, rows in shown.groupby("image_id", sort=False):
        for one, other in combinations(rows.index, 2):
            if rows["answer"][one] != rows["answer"][other]:
                found[one, other] = rows["probability"][other]  # rows are sorted: the less probable
                break
    return sorted(found, key=found.get, reverse=True)


if __name__ == "__main__":
    sys.exit(main())
