"""Train the bag-of-words baseline on questions and a network's features, and score it on val.

Three models are trained alike: on the words and the image, on the words alone, on the image alone. The
epoch to keep is chosen on a part of the training images, so that val has no say in it. Features stay in
their file; what is held in memory are the questions.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from pipeline_lib.common.command import command, log, progress, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import write_json
from pipeline_lib.common.machine import add_threads, default_device, take_threads
from pipeline_lib.data.discovery.questions import QUESTION_COLUMNS
from pipeline_lib.data.manifest import read_csv, write_csv
from pipeline_lib.discovery.answer_scores import FULL, IMAGE, TASKS, WORDS, score
from pipeline_lib.discovery.answers import answer, submission
from pipeline_lib.discovery.bowimg import Asked, BagOfWordsAndImage, Recipe, train, trainable
from pipeline_lib.discovery.words import Vocabulary, learn_vocabulary
from pipeline_lib.evaluation.vqa import accuracy
from pipeline_lib.features.cache import Features, read_features
from pipeline_lib.reporting.tables.localization import COLUMNS, paper_numbers
from pipeline_lib.svm.classifier import LinearClassifier, save

RECIPE = ("epochs", "width", "batch", "word_rate", "answer_rate", "seed")  # to be chosen
SEES = {FULL: (True, True), WORDS: (True, False), IMAGE: (False, True)}  # the words, the image


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--features", type=Path, required=True, help="the .h5 of a network")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--questions", type=Path, required=True, help="the manifest's annotations")
    parser.add_argument(
        "--least-word", type=int, default=6, help="times a word that counts is asked"
    )
    parser.add_argument("--least-answer", type=int, default=3, help="times a class is the answer")
    parser.add_argument("--longest", type=int, default=50, help="words of a question that are read")
    parser.add_argument("--held-out", type=float, default=0.1, help="part of the training images")
    defaults = Recipe()
    for name in RECIPE:
        value = getattr(defaults, name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    add_threads(parser)
    parser.add_argument("--scores", type=Path, required=True, help="CSV to write")
    parser.add_argument(
        "--answers", type=Path, required=True, help="CSV to write: of each val question"
    )
    parser.add_argument("--classifier", type=Path, required=True, help=".npz: the image's half")
    for task in TASKS:
        parser.add_argument(f"--{task}", type=Path, help="JSON to write for the server, of test")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Train, answer, score, write."""
    take_threads(arguments.threads)
    device = default_device()
    recipe = Recipe(**{name: getattr(arguments, name) for name in RECIPE})
    stored = read_features(arguments.features, arguments.images)
    features = torch.from_numpy(stored.mapped())
    questions = read_csv(arguments.questions, QUESTION_COLUMNS)
    is_held = _held_out(questions, arguments.held_out, recipe.seed)
    is_trained = (questions["part"] == "train").to_numpy() & ~is_held
    if not is_trained.any() or not is_held.any():
        raise InputError(
            f"{arguments.questions}: too few training images to hold some out; add some"
        )
    vocabulary = learn_vocabulary(
        questions.loc[is_trained, "question"],
        questions.loc[is_trained, "answer"],
        least_word=arguments.least_word,
        least_answer=arguments.least_answer,
    )
    if not vocabulary.answers:
        raise InputError(
            f"{arguments.questions}: no training answer comes {arguments.least_answer} times; "
            "lower --least-answer"
        )
    asked = _ask(questions, stored.image_id, vocabulary, arguments.longest, device)
    training, held_out = trainable(_rows(asked, is_trained)), _rows(asked, is_held)
    is_val, is_test = ((questions["part"] == part).to_numpy() for part in ("val", "test"))
    val, test = questions[is_val], questions[is_test]
    log.info(
        "%d questions to train on, %d held out, %d of val; %d words, %d answers",
        *(len(training), len(held_out), len(val), len(vocabulary.words), len(vocabulary.answers)),
    )
    answered, epochs = {}, {}
    for name, (words, image) in SEES.items():
        torch.manual_seed(recipe.seed)
        model = BagOfWordsAndImage(
            len(vocabulary.words) * words,
            features.shape[1] * image,
            len(vocabulary.answers),
            recipe.width,
        ).to(device)
        epochs[name], right = train(model, features, training, held_out, recipe)
        log.info("%s: epoch %d, %.1f %% of held-out right", name, epochs[name], 100 * right)
        answered[name] = answer(model, features, _rows(asked, is_val), vocabulary, _choices(val))
        if name == FULL:
            save(arguments.classifier, _image_half(model, vocabulary, stored))
            tested = answer(model, features, _rows(asked, is_test), vocabulary, _choices(test))
    accuracies = _accuracies(answered, val)
    scores = score(accuracies, val["image_id"], val["answer_type"], recipe.seed)
    write_csv(arguments.scores, _beside_the_paper(scores, epochs, recipe.epochs))
    kept = answered[FULL].assign(
        question_id=val["question_id"].to_numpy(),
        accuracy=accuracies[FULL, TASKS[0]],
        words_alone=answered[WORDS]["answer"],
    )
    write_csv(arguments.answers, kept)
    for task, column in zip(TASKS, ("answer", "chosen"), strict=True):
        path = getattr(arguments, task.replace("-", "_"))
        if path is not None:
            write_json(path, list(submission(test["question_id"], tested[column])))


def _held_out(questions: pd.DataFrame, part: float, seed: int) -> np.ndarray:
    """Which questions are of the training images that are held out, at least one image."""
    images = questions.loc[questions["part"] == "train", "image_id"].unique()
    count = max(1, round(part * len(images)))
    chosen = np.random.default_rng(seed).permutation(images)[:count]
    return questions["image_id"].isin(set(chosen)).to_numpy()


def _ask(
    questions: pd.DataFrame,
    image_ids: list[str],
    vocabulary: Vocabulary,
    longest: int,
    device: torch.device,
) -> Asked:
    row_of = {name: row for row, name in enumerate(image_ids)}
    rows = np.array([row_of[name] for name in questions["image_id"]], np.int64)
    words = vocabulary.encode(list(questions["question"]), longest)
    targets = vocabulary.classes(questions["answer"])
    return Asked(*(torch.from_numpy(values).to(device) for values in (words, rows, targets)))


def _rows(asked: Asked, wanted: np.ndarray) -> Asked:
    index = torch.from_numpy(np.flatnonzero(wanted)).to(asked.targets.device)
    return Asked(asked.words[index], asked.images[index], asked.targets[index])


def _choices(questions: pd.DataFrame) -> list[list[str]]:
    return [json.loads(text) for text in questions["choices"]]


def _accuracies(
    answered: dict[str, pd.DataFrame], val: pd.DataFrame
) -> dict[tuple[str, str], np.ndarray]:
    """Each model's accuracy on each question, by task; without choices there is but one task."""
    given = [json.loads(text) for text in val["answers"]]
    columns = {TASKS[0]: "answer"}
    if (val["choices"] != "[]").all():
        columns[TASKS[1]] = "chosen"
    return {
        (name, task): np.array(
            [accuracy(said, by) for said, by in zip(table[column], given, strict=True)]
        )
        for name, table in progress(answered.items(), "scoring")
        for task, column in columns.items()
    }


def _beside_the_paper(scores: pd.DataFrame, epochs: dict[str, int], of: int) -> pd.DataFrame:
    """The scores as a table's rows, with the paper's number where it has one."""
    paper = paper_numbers()["vqa"]["rows"]
    printed = [
        paper.get(row, {}).get(metric, np.nan)
        for row, metric in zip(scores["row"], scores["metric"], strict=True)
    ]
    notes = []
    for row, images, number in zip(scores["row"], scores["images"], printed, strict=True):
        how = "paired by question"
        if row in epochs:
            how = f"epoch {epochs[row]} of {of}, chosen on training images held out"
        theirs = "" if np.isnan(number) else "; the paper's is of test-standard"
        notes.append(f"val, {images:,} images; {how}{theirs}")
    return scores.assign(paper=printed, note=notes)[list(COLUMNS)]


def _image_half(
    model: BagOfWordsAndImage, vocabulary: Vocabulary, features: Features
) -> LinearClassifier:
    """The image's half of the answers' weights; the words' half adds the same everywhere in a map."""
    answers = len(vocabulary.answers)
    return LinearClassifier(
        weights=model.image_weights,
        bias=np.zeros(answers, np.float32),
        objective=np.full(answers, np.nan, np.float32),
        classes=vocabulary.answers,
        cost=np.nan,
        normalised=False,
        network=features.network,
        features=features.fingerprint,
        split="train",
    )
