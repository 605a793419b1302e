"""iBOWIMG: a question's bag of words and an image's pooled features, side by side, into a softmax.

Source: Zhou et al., "Simple Baseline for Visual Question Answering" (2015) and its released code,
zhoubolei/VQAbaseline (protocol, section 5). The image's features enter unchanged, so an answer's score
is the sum of a word term and a term that is linear in the pooled maps: the latter has a class map
(paper, Eq. 2).
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from pipeline_lib.common.batches import Batches
from pipeline_lib.common.command import progress
from pipeline_lib.discovery.vocabulary import NO_CLASS
from pipeline_lib.study.configuration.discovery import VqaConfig

# The released code's optimization, beyond what VqaConfig has.
WORD_NORM, ANSWER_NORM = 1500.0, 20.0  # maximum norms of the layers' weights
GRADIENT_NORM = 0.1  # maximum norm of each layer's gradient
MOMENTUM, WEIGHT_DECAY = 0.9, 5e-6
DECAY, DECAY_EVERY = 1.2, 100  # the learning rates are divided by DECAY every so many epochs


@dataclass(frozen=True)
class EncodedQuestions:
    """Questions and their images: ``words`` (n, max_words) from ``Vocabulary.encode``, ``images`` (n,)
    rows of the features, ``targets`` (n,) classes or NO_CLASS; all on one device."""

    words: torch.Tensor
    images: torch.Tensor
    targets: torch.Tensor

    def __len__(self) -> int:
        return len(self.targets)

    def select(self, wanted: np.ndarray) -> "EncodedQuestions":
        """Return the questions for which ``wanted`` (n,) bool is true, in order."""
        index = torch.from_numpy(np.flatnonzero(wanted)).to(self.targets.device)
        return EncodedQuestions(self.words[index], self.images[index], self.targets[index])

    def with_class(self) -> "EncodedQuestions":
        """Return the questions whose target is a class: the ones to train on."""
        return self.select((self.targets != NO_CLASS).cpu().numpy())


class BagOfWordsAndImage(nn.Module):
    """Scores of answers. If ``words`` or ``channels`` is zero, the model uses the other input alone."""

    def __init__(self, words: int, channels: int, answers: int, width: int) -> None:
        super().__init__()
        self.words = nn.Linear(words, width, bias=False) if words else None
        self.answers = nn.Linear(width * bool(words) + channels, answers, bias=False)
        self.channels = channels

    def forward(self, words: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """(n, max_words) word indices and (n, channels) features to (n, answers) scores."""
        halves = []
        if self.words is not None:
            bag = features.new_zeros(len(words), self.words.in_features + 1)
            bag.scatter_(1, words.long(), 1.0)  # binary: a repeated word counts once
            halves.append(self.words(bag[:, :-1]))  # without the padding
        if self.channels:
            halves.append(features)
        return self.answers(torch.cat(halves, dim=1))

    @property
    def image_weights(self) -> np.ndarray:
        """The answers' weights of the image features, (answers, channels)."""
        weights = self.answers.weight.detach()
        return weights[:, weights.shape[1] - self.channels :].cpu().numpy()


def train(
    model: BagOfWordsAndImage,
    features: torch.Tensor,
    training: EncodedQuestions,
    held_out: EncodedQuestions,
    config: VqaConfig,
) -> tuple[int, float]:
    """Train the model in place; return the best epoch, from 1, and its held-out accuracy.

    The model ends with the weights of the epoch with the highest accuracy on ``held_out``, whose
    targets are the most frequent answers. ``features`` (n, channels) may be on the CPU, or in a file,
    while the rest is on a GPU.
    """
    best_epoch, best_accuracy, best_weights = 0, -1.0, {}
    epochs = _epochs(model, features, training, config)
    for epoch in progress(epochs, "epochs", total=config.epochs):
        accuracy = target_accuracy(model, features, held_out)
        if accuracy > best_accuracy:
            best_epoch, best_accuracy = epoch, accuracy
            best_weights = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_weights)
    return best_epoch, best_accuracy


def refit(
    model: BagOfWordsAndImage,
    features: torch.Tensor,
    training: EncodedQuestions,
    config: VqaConfig,
    epochs: int,
) -> None:
    """Train the model in place like ``train``, but for exactly ``epochs``, with nothing held out."""
    config = config.model_copy(update={"epochs": epochs})
    for _ in progress(_epochs(model, features, training, config), "epochs", total=epochs):
        pass


def _epochs(
    model: BagOfWordsAndImage,
    features: torch.Tensor,
    training: EncodedQuestions,
    config: VqaConfig,
) -> Iterator[int]:
    """Train the model in place; yield the number of each epoch, from 1, at its end.

    The loss is the sum of a batch's negative log-likelihoods; each layer's gradient is clipped
    separately.
    """
    layers = {model.answers: (config.answer_rate, ANSWER_NORM)}
    if model.words is not None:
        layers[model.words] = (config.word_rate, WORD_NORM)
    optimizer = torch.optim.SGD(
        [{"params": [layer.weight], "lr": rate} for layer, (rate, _) in layers.items()],
        momentum=MOMENTUM,
    )
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, DECAY_EVERY, 1 / DECAY)
    order = torch.Generator().manual_seed(config.seed)
    for epoch in range(1, config.epochs + 1):
        shuffled = torch.randperm(len(training), generator=order).to(training.images.device)
        for batch in shuffled.split(config.batch):
            scores = model(training.words[batch], _rows_of(features, training.images[batch]))
            loss = cross_entropy(scores, training.targets[batch], reduction="sum")
            optimizer.zero_grad()
            loss.backward()
            for layer in layers:
                clip_grad_norm_(layer.weight, GRADIENT_NORM)
            optimizer.step()
            with torch.no_grad():
                for layer, group in zip(layers, optimizer.param_groups, strict=True):
                    # As released, the weights decay after the step, outside the momentum.
                    layer.weight.mul_(1 - group["lr"] * WEIGHT_DECAY)
                    layer.weight.mul_((layers[layer][1] / layer.weight.norm()).clamp(max=1))
        schedule.step()
        yield epoch


def probabilities(
    model: BagOfWordsAndImage,
    features: torch.Tensor,
    questions: EncodedQuestions,
    block: int = 1000,
) -> Iterator[torch.Tensor]:
    """Yield the probabilities of all answers, (m, answers), for the questions in order.

    ``m`` is at most ``block``, less where that does not fit the memory.
    """
    work = partial(_probabilities, model, features, questions)
    yield from Batches(block, questions.words.device, "question").run(work, len(questions))


@torch.inference_mode()
def _probabilities(
    model: BagOfWordsAndImage,
    features: torch.Tensor,
    questions: EncodedQuestions,
    batch: slice,
) -> torch.Tensor:
    images = _rows_of(features, questions.images[batch])
    return model(questions.words[batch], images).softmax(1)


def target_accuracy(
    model: BagOfWordsAndImage, features: torch.Tensor, questions: EncodedQuestions
) -> float:
    """Return the fraction of questions whose most probable answer is the target."""
    predicted = [block.argmax(1) for block in probabilities(model, features, questions)]
    # A target of NO_CLASS equals no predicted class.
    return float((torch.cat(predicted) == questions.targets).float().mean())


def _rows_of(features: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Return the features of images, moved from their device to that of the row numbers."""
    return features[images.to(features.device)].to(images.device)
