"""Pick the few answered questions of val that Figure 12 shows."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.discovery.questions import QUESTION_COLUMNS
from pipeline_lib.data.manifest import IMAGE_COLUMNS, read_csv, read_images, write_csv, write_rows
from pipeline_lib.discovery.answers import ANSWER_COLUMNS
from pipeline_lib.discovery.question_selection import select_questions


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--answers", type=Path, required=True, help="written by answer")
    parser.add_argument("--questions", type=Path, required=True, help="the set's annotations")
    parser.add_argument("--images", type=Path, required=True, help="the set's manifest")
    parser.add_argument("--pairs", type=int, default=2, help="images with two questions to show")
    parser.add_argument(
        "--out", type=Path, required=True, help="CSV to write: the questions, and why each is shown"
    )
    parser.add_argument("--picked", type=Path, required=True, help="their manifest to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write the selected questions, and a manifest with a row per question.

    A row's image_id is the question's id and its label the answer, so that the map of the label is
    that of the answer, also for two questions about one image.
    """
    answers = read_csv(arguments.answers, ("image_id", "question_id", "accuracy", *ANSWER_COLUMNS))
    questions = read_csv(arguments.questions, QUESTION_COLUMNS).drop(columns="answer")
    answers = answers.drop(columns="image_id").astype({"answer": str})
    answered = answers.merge(questions, on="question_id", validate="1:1")
    selected = select_questions(answered, arguments.pairs)
    if selected.empty:
        raise InputError(f"{arguments.answers}: no answer is right or wrong; rerun answer")
    path_of = read_images(arguments.images).set_index("image_id")["path"]
    columns = (selected[name] for name in ("question_id", "image_id", "answer"))
    rows = [
        (question_id, path_of[image], answer, "", "", 0)
        for question_id, image, answer in zip(*columns, strict=True)
    ]
    write_rows(arguments.picked, IMAGE_COLUMNS, rows)
    write_csv(arguments.out, selected)
    log.info("picked %d questions", len(selected))
