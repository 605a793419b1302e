"""The bag-of-words baseline against its formula, a hand-made step and a problem it can solve."""

import numpy as np
import pytest
import torch

from pipeline_lib.discovery import bowimg
from pipeline_lib.discovery.bowimg import (
    BagOfWordsAndImage,
    EncodedQuestions,
    probabilities,
    refit,
    target_accuracy,
    train,
)
from pipeline_lib.discovery.vocabulary import NO_CLASS, UNKNOWN, learn_vocabulary, words_of
from pipeline_lib.study.configuration.discovery import VqaConfig

WORDS, CHANNELS, ANSWERS, WIDTH, MAX_WORDS = 7, 5, 4, 6, 3


@pytest.fixture(autouse=True)
def one_thread():
    """Threads that wait for each other take longer over layers so small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_questions(n, seed=0):
    rng = np.random.default_rng(seed)
    words = torch.from_numpy(rng.integers(WORDS + 1, size=(n, MAX_WORDS)).astype(np.int32))
    images, targets = (torch.from_numpy(rng.integers(k, size=n)) for k in (9, ANSWERS))
    return EncodedQuestions(words, images, targets), torch.from_numpy(
        rng.random((9, CHANNELS), np.float32)
    )


def make_model(words=WORDS, channels=CHANNELS):
    torch.manual_seed(0)
    return BagOfWordsAndImage(words, channels, ANSWERS, WIDTH)


def bag(words):
    rows = np.zeros((len(words), WORDS), np.float32)
    for row, known in zip(rows, words.tolist(), strict=True):
        for word in set(known) - {WORDS}:
            row[word] = 1
    return torch.from_numpy(rows)


def test_scores_are_the_sum_of_the_two_halves():
    questions, features = make_questions(20)
    model = make_model()
    pooled = features[questions.images]
    embedded = bag(questions.words) @ model.words.weight.T
    whole = model.answers.weight
    expected = embedded @ whole[:, :WIDTH].T + pooled @ torch.from_numpy(model.image_weights).T
    torch.testing.assert_close(model(questions.words, pooled), expected)
    assert model.image_weights.shape == (ANSWERS, CHANNELS)


def test_each_half_alone_is_blind_to_the_other():
    questions, features = make_questions(20)
    pooled, other = features[questions.images], features[questions.images.flip(0)]
    turned = questions.words.flip(0)
    words, image = make_model(channels=0), make_model(words=0)
    assert torch.equal(words(questions.words, pooled), words(questions.words, other))
    assert torch.equal(image(questions.words, pooled), image(turned, pooled))
    assert not torch.equal(image(questions.words, pooled), image(questions.words, other))


def test_two_steps_are_those_of_the_released_code(monkeypatch):
    """Summed loss, each gradient clipped by itself, decay, momentum, norms held below the limits."""
    monkeypatch.setattr(bowimg, "ANSWER_NORM", 1.5)
    monkeypatch.setattr(bowimg, "WEIGHT_DECAY", 0.1)
    monkeypatch.setattr(bowimg, "DECAY_EVERY", 1)
    questions, features = make_questions(8)
    config = VqaConfig(epochs=2, batch=8)
    model = make_model()
    weights = [layer.weight.detach().clone() for layer in (model.answers, model.words)]
    speeds = [torch.zeros_like(weight) for weight in weights]
    rates = [config.answer_rate, config.word_rate]
    for epoch in range(2):
        answers, words = (weight.requires_grad_() for weight in weights)
        halves = torch.cat([bag(questions.words) @ words.T, features[questions.images]], 1)
        right = (halves @ answers.T).log_softmax(1)[torch.arange(8), questions.targets]
        gradients = torch.autograd.grad(-right.sum(), [answers, words])
        for k, limit in enumerate((1.5, 1500)):
            clipped = gradients[k] * min(1, 0.1 / float(gradients[k].norm()))
            speeds[k] = 0.9 * speeds[k] + clipped
            rate = rates[k] / 1.2**epoch
            weight = (weights[k].detach() - rate * speeds[k]) * (1 - rate * 0.1)
            weights[k] = weight * min(1, limit / float(weight.norm()))
    nothing = EncodedQuestions(questions.words, questions.images, torch.full((8,), NO_CLASS))
    trained = make_model()
    # No epoch beats the first on questions without a class, so it ends with the first's weights.
    assert train(trained, features, questions, nothing, config)[0] == 1
    once = make_model()
    refit(once, features, questions, config, epochs=1)
    assert all(map(torch.equal, once.parameters(), trained.parameters()))
    refit(model, features, questions, config, epochs=2)
    for ours, expected in zip((model.answers, model.words), weights, strict=True):
        torch.testing.assert_close(ours.weight, expected, rtol=1e-4, atol=1e-6)
    assert float(model.answers.weight.detach().norm()) <= 1.5 + 1e-5


def test_it_learns_what_only_both_together_tell_and_the_same_each_time():
    rng = np.random.default_rng(1)
    kinds, about = rng.integers(2, size=200), rng.integers(2, size=200)
    targets = torch.from_numpy(2 * about + kinds)  # "what shape?" or "what colour?" of two things
    words = torch.from_numpy(about[:, None].astype(np.int32)).expand(-1, MAX_WORDS).contiguous()
    features = torch.eye(CHANNELS)[:2]
    questions = EncodedQuestions(words, torch.from_numpy(kinds), targets)
    config = VqaConfig(epochs=60, batch=20, answer_rate=0.1)
    both, again, alone = make_model(), make_model(), make_model(channels=0)
    assert train(both, features, questions, questions, config)[1] == 1
    train(again, features, questions, questions, config)
    assert torch.equal(both.answers.weight, again.answers.weight)
    assert train(alone, features, questions, questions, config)[1] < 0.65
    assert target_accuracy(both, features, questions) == 1


def test_probabilities_come_in_blocks_and_unknown_answers_are_not_trained_on():
    questions, features = make_questions(25)
    model = make_model()
    blocks = list(probabilities(model, features, questions, block=10))
    assert [len(block) for block in blocks] == [10, 10, 5]
    torch.testing.assert_close(torch.cat(blocks).sum(1), torch.ones(25))
    questions.targets[3:7] = NO_CLASS
    kept = questions.with_class()
    assert len(kept) == 21
    assert torch.equal(kept.words[3], questions.words[7])


def test_questions_that_do_not_fit_together_are_answered_in_smaller_blocks(monkeypatch):
    questions, features = make_questions(25)
    model = make_model()
    whole = torch.cat(list(probabilities(model, features, questions)))
    forward = BagOfWordsAndImage.forward

    def limited(self, words, features):
        if len(words) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(self, words, features)

    monkeypatch.setattr(BagOfWordsAndImage, "forward", limited)
    blocks = list(probabilities(model, features, questions, block=10))
    assert [len(block) for block in blocks] == [5] * 5
    torch.testing.assert_close(torch.cat(blocks), whole)


def test_words_and_answers_that_are_frequent_enough_are_known():
    questions = ["What's the cat's colour?"] * 3 + ["What is IT, 2 cats?"] * 2
    vocabulary = learn_vocabulary(
        questions, ["red"] * 3 + ["blue"] * 2 + ["", ""], min_word_count=3, min_answer_count=2
    )
    assert words_of(questions[0]) == ["what's", "the", "cat's", "colour"]
    assert vocabulary.words == ["what's", "the", "cat's", "colour", UNKNOWN]
    assert vocabulary.answers == ["red", "blue"]
    encoded = vocabulary.encode(["The cat's tail", "the " * 9, ""], 4)
    assert encoded.tolist() == [[1, 2, 4, 5], [1, 1, 1, 1], [5, 5, 5, 5]]
    assert vocabulary.classes(["blue", "green"]).tolist() == [1, NO_CLASS]


@pytest.mark.parametrize("inputs", [(WORDS, 0), (0, CHANNELS)])
def test_a_model_of_one_half_has_a_row_of_weights_an_answer(inputs):
    model = make_model(*inputs)
    assert model.image_weights.shape == (ANSWERS, inputs[1])
