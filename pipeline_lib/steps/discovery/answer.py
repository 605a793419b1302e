"""Train the bag-of-words baseline on questions and a network's features, and score it on val.

Three models are trained in the same way: on words and image, on words alone, on the image alone. The
epoch is chosen on held-out training images. The test questions are answered by a model that is fitted
again to train and val.
"""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import write_json
from pipeline_lib.common.machine import add_threads_flag, limit_threads, open_device
from pipeline_lib.data.discovery.questions import QUESTION_COLUMNS
from pipeline_lib.data.manifest import read_csv, write_csv
from pipeline_lib.discovery.answer_scores import TASKS
from pipeline_lib.discovery.answers import submission
from pipeline_lib.discovery.question_answering import ANSWER_OF_TASK, answer_questions
from pipeline_lib.features.cache import read_features
from pipeline_lib.study.configuration.discovery import VqaConfig
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.svm.classifier import save


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--features", type=Path, required=True, help="the .h5 of a network")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--questions", type=Path, required=True, help="the manifest's annotations")
    add_settings(parser, VqaConfig)
    add_threads_flag(parser)
    parser.add_argument("--scores", type=Path, required=True, help="CSV to write")
    parser.add_argument(
        "--answers", type=Path, required=True, help="CSV to write: the answer to each val question"
    )
    parser.add_argument(
        "--classifier", type=Path, required=True, help=".npz to write: the weights of the image"
    )
    for task in TASKS:
        parser.add_argument(f"--{task}", type=Path, help="JSON of test to write for the server")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Read, train and answer, write."""
    limit_threads(arguments.threads)
    config = read_settings(arguments, VqaConfig)
    features = read_features(arguments.features, arguments.images)
    questions = read_csv(arguments.questions, QUESTION_COLUMNS)
    try:
        result = answer_questions(questions, features, config, open_device())
    except InputError as error:
        raise InputError(f"{arguments.questions}: {error}") from None
    save(arguments.classifier, result.classifier)
    write_csv(arguments.scores, result.scores)
    write_csv(arguments.answers, result.val_answers)
    test = result.test_answers
    for task, column in ANSWER_OF_TASK.items():
        path = getattr(arguments, task.replace("-", "_"))
        if path is not None:
            write_json(path, list(submission(test["question_id"], test[column])))
