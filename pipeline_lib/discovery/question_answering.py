"""The bag-of-words baseline on a set of questions: train on train, choose the epoch, score on val.

Three models are trained in the same way: on words and image, on words alone, on the image alone. The
epoch is chosen on held-out training images, so that val is used for nothing but the scores. The test
questions are answered by a model of words and image that is fitted again to all of train and val, for as
many epochs, as the released code does before it submits. Features stay in their file; only the questions
are in memory.
"""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from pipeline_lib.common.batches import memory_errors
from pipeline_lib.common.command import log, progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.discovery.answer_scores import FULL, IMAGE, TASKS, WORDS, score_answers
from pipeline_lib.discovery.answers import ANSWER_COLUMNS, predict_answers
from pipeline_lib.discovery.bowimg import BagOfWordsAndImage, EncodedQuestions, refit, train
from pipeline_lib.discovery.vocabulary import Vocabulary, learn_vocabulary
from pipeline_lib.evaluation.vqa import accuracy
from pipeline_lib.features.cache import Features
from pipeline_lib.study.configuration.discovery import VqaConfig
from pipeline_lib.svm.classifier import LinearClassifier

INPUTS = {FULL: (True, True), WORDS: (True, False), IMAGE: (False, True)}  # words, image
ANSWER_OF_TASK = dict(zip(TASKS, ("answer", "chosen"), strict=True))  # columns of answers


@dataclass(frozen=True)
class VqaResult:
    """``scores`` on val (VQA_SCORE_COLUMNS); ``val_answers``, a row per question of val; FULL's weights
    of the image as a ``classifier``, which has class maps; and the ``test_answers`` (ANSWER_COLUMNS and
    question_id) of the model that is fitted to train and val."""

    scores: pd.DataFrame
    val_answers: pd.DataFrame
    test_answers: pd.DataFrame
    classifier: LinearClassifier


def answer_questions(
    questions: pd.DataFrame, stored: Features, config: VqaConfig, device: torch.device
) -> VqaResult:
    """Train the three models on ``questions`` (QUESTION_COLUMNS) and ``stored`` features; score them.

    Raises InputError if there are too few training images, or no answer is frequent enough.
    """
    features = torch.from_numpy(stored.mapped())
    is_held_out = _held_out(questions, config.held_out_fraction, config.seed)
    is_training = (questions["subset"] == "train").to_numpy() & ~is_held_out
    if not is_training.any() or not is_held_out.any():
        raise InputError("too few training images to hold some out; add some")
    vocabulary = _learn_vocabulary(questions[is_training], config)
    if not vocabulary.answers:
        raise InputError(
            f"no training answer occurs {config.min_answer_count} times; lower vqa.min_answer_count"
        )
    encoded = _encode(questions, stored.image_id, vocabulary, config.max_words, device)
    training, held_out = encoded.select(is_training).with_class(), encoded.select(is_held_out)
    is_val = (questions["subset"] == "val").to_numpy()
    val = questions[is_val]
    log.info(
        "%d questions to train on, %d held out, %d of val; %d words, %d answers",
        *(len(training), len(held_out), len(val), len(vocabulary.words), len(vocabulary.answers)),
    )
    models, answers, epoch_of = {}, {}, {}
    for name, (with_words, with_image) in INPUTS.items():
        # The batch shapes the result, so that only the user may change it.
        what = f"training on {config.batch} questions at a time"
        with memory_errors(what, device, "lower vqa.batch (which is part of the recipe)"):
            models[name] = _new_model(
                vocabulary, features.shape[1] * with_image, config, device, with_words=with_words
            )
            epoch_of[name], best = train(models[name], features, training, held_out, config)
        log.info("%s: epoch %d, held-out accuracy %.1f %%", name, epoch_of[name], 100 * best)
        answers[name] = predict_answers(
            models[name], features, encoded.select(is_val), vocabulary, _choices(val)
        )
    accuracies = _accuracies(answers, val)
    scores = score_answers(
        accuracies,
        val["image_id"],
        val["answer_type"],
        epoch_of=epoch_of,
        epochs=config.epochs,
        seed=config.seed,
    )
    val_answers = answers[FULL].assign(
        **{f"{model}, {task}": values for (model, task), values in accuracies.items()},
        question_id=val["question_id"].to_numpy(),
        accuracy=accuracies[FULL, TASKS[0]],
        words_alone=answers[WORDS]["answer"],
    )
    # First the image, which stands for its questions in the bootstrap (``evaluation.by_image``).
    val_answers.insert(0, "image_id", val["image_id"].to_numpy())
    return VqaResult(
        scores,
        val_answers,
        _answers_to_test(questions, stored.image_id, features, config, device, epoch_of[FULL]),
        _image_classifier(models[FULL], vocabulary, stored),
    )


def _learn_vocabulary(questions: pd.DataFrame, config: VqaConfig) -> Vocabulary:
    """Return the words and answers that are frequent in the questions to train on."""
    return learn_vocabulary(
        questions["question"],
        questions["answer"],
        min_word_count=config.min_word_count,
        min_answer_count=config.min_answer_count,
    )


def _new_model(
    vocabulary: Vocabulary,
    channels: int,
    config: VqaConfig,
    device: torch.device,
    *,
    with_words: bool = True,
) -> BagOfWordsAndImage:
    torch.manual_seed(config.seed)
    words, answers = len(vocabulary.words) * with_words, len(vocabulary.answers)
    return BagOfWordsAndImage(words, channels, answers, config.width).to(device)


def _answers_to_test(
    questions: pd.DataFrame,
    image_ids: list[str],
    features: torch.Tensor,
    config: VqaConfig,
    device: torch.device,
    epochs: int,
) -> pd.DataFrame:
    """Fit a model of words and image to all of train and val, and return its answers to test."""
    is_test = (questions["subset"] == "test").to_numpy()
    test = questions[is_test]
    if test.empty:
        return pd.DataFrame(columns=[*ANSWER_COLUMNS, "question_id"])
    vocabulary = _learn_vocabulary(questions[~is_test], config)
    encoded = _encode(questions, image_ids, vocabulary, config.max_words, device)
    training = encoded.select(~is_test).with_class()
    log.info("%d questions of train and val to answer %d of test", len(training), len(test))
    model = _new_model(vocabulary, features.shape[1], config, device)
    refit(model, features, training, config, epochs)
    answers = predict_answers(model, features, encoded.select(is_test), vocabulary, _choices(test))
    return answers.assign(question_id=test["question_id"].to_numpy())


def _held_out(questions: pd.DataFrame, fraction: float, seed: int) -> np.ndarray:
    """Return which questions, (n,) bool, belong to held-out training images: at least one image."""
    images = questions.loc[questions["subset"] == "train", "image_id"].unique()
    count = max(1, round(fraction * len(images)))
    held_out = np.random.default_rng(seed).permutation(images)[:count]
    return questions["image_id"].isin(set(held_out)).to_numpy()


def _encode(
    questions: pd.DataFrame,
    image_ids: list[str],
    vocabulary: Vocabulary,
    max_words: int,
    device: torch.device,
) -> EncodedQuestions:
    row_of = {image_id: row for row, image_id in enumerate(image_ids)}
    rows = np.array([row_of[image_id] for image_id in questions["image_id"]], np.int64)
    words = vocabulary.encode(list(questions["question"]), max_words)
    targets = vocabulary.classes(questions["answer"])
    arrays = (words, rows, targets)
    return EncodedQuestions(*(torch.from_numpy(array).to(device) for array in arrays))


def _choices(questions: pd.DataFrame) -> list[list[str]]:
    return [json.loads(text) for text in questions["choices"]]


def _accuracies(
    answers: dict[str, pd.DataFrame], val: pd.DataFrame
) -> dict[tuple[str, str], np.ndarray]:
    """Return each model's accuracy on each question, by task; only open-ended without choices."""
    people = [json.loads(text) for text in val["answers"]]
    has_choices = (val["choices"] != "[]").all()
    tasks = TASKS if has_choices else TASKS[:1]
    return {
        (name, task): np.array(
            [
                accuracy(answer, given)
                for answer, given in zip(table[ANSWER_OF_TASK[task]], people, strict=True)
            ]
        )
        for name, table in progress(answers.items(), "scoring")
        for task in tasks
    }


def _image_classifier(
    model: BagOfWordsAndImage, vocabulary: Vocabulary, features: Features
) -> LinearClassifier:
    """Return the answers' weights of the image; the words' term is constant over a class map."""
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
