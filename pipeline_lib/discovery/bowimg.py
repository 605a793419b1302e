"""iBOWIMG: a question's bag of words and an image's pooled features, side by side, into a softmax.

Source: Zhou et al., "Simple Baseline for Visual Question Answering" (2015) and its released code
(protocol, section 5). The image's feature goes in as it is, so an answer's score is a part that the
words make and one that is linear in the pooled maps: the latter has a map (paper, Eq. 2).
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from pipeline_lib.common.command import progress
from pipeline_lib.discovery.words import NO_ANSWER


@dataclass(frozen=True)
class Recipe:
    """How it is trained; the defaults are the released code's.

    ``width`` is that of the word layer. ``word_rate`` and ``answer_rate`` are the layers' learning
    rates, both divided by ``decay`` every ``decay_every`` epochs; ``word_norm`` and ``answer_norm``
    are what the norms of their weights are held below.
    """

    epochs: int = 100
    width: int = 1024
    batch: int = 100
    word_rate: float = 0.8
    answer_rate: float = 0.01
    word_norm: float = 1500.0
    answer_norm: float = 20.0
    gradient_norm: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-6
    decay: float = 1.2
    decay_every: int = 100
    seed: int = 0


@dataclass(frozen=True)
class Asked:
    """Questions and their images: ``words`` (n, longest) from ``Vocabulary.encode``, ``images`` (n,)
    rows of the features, ``targets`` (n,) classes or NO_ANSWER; all on one device."""

    words: torch.Tensor
    images: torch.Tensor
    targets: torch.Tensor

    def __len__(self) -> int:
        return len(self.targets)


class BagOfWordsAndImage(nn.Module):
    """Scores of answers. ``words`` or ``channels`` may be zero: then it sees one of the two alone."""

    def __init__(self, words: int, channels: int, answers: int, width: int) -> None:
        super().__init__()
        self.words = nn.Linear(words, width, bias=False) if words else None
        self.answers = nn.Linear(width * bool(words) + channels, answers, bias=False)
        self.channels = channels

    def forward(self, words: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """(n, longest) word indices and (n, channels) features to (n, answers) scores."""
        halves = []
        if self.words is not None:
            bag = features.new_zeros(len(words), self.words.in_features + 1)
            bag.scatter_(1, words.long(), 1.0)  # binary: a word that comes twice counts once
            halves.append(self.words(bag[:, :-1]))
        if self.channels:
            halves.append(features)
        return self.answers(torch.cat(halves, dim=1))

    @property
    def image_weights(self) -> np.ndarray:
        """The (answers, channels) weights of the image's half."""
        whole = self.answers.weight.detach()
        return whole[:, whole.shape[1] - self.channels :].cpu().numpy()


def train(
    model: BagOfWordsAndImage,
    features: torch.Tensor,
    training: Asked,
    held_out: Asked,
    recipe: Recipe,
) -> tuple[int, float]:
    """Train the model in place; return the best epoch, from 1, and its part of right answers.

    ``features`` (n, channels) may be on the CPU, or in a file, while the rest is on a GPU.
    It ends with the weights of the epoch that gives most of ``held_out`` its target: the answer most
    people gave. The sum of the negative log-likelihoods of a batch is descended, each layer's gradient
    clipped by itself.
    """
    layers = {model.answers: (recipe.answer_rate, recipe.answer_norm)}
    if model.words is not None:
        layers[model.words] = (recipe.word_rate, recipe.word_norm)
    optimizer = torch.optim.SGD(
        [{"params": [layer.weight], "lr": rate} for layer, (rate, _) in layers.items()],
        momentum=recipe.momentum,
    )
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, recipe.decay_every, 1 / recipe.decay)
    order = torch.Generator().manual_seed(recipe.seed)
    best_epoch, best, kept = 0, -1.0, {}
    for epoch in progress(range(1, recipe.epochs + 1), "epochs"):
        shuffled = torch.randperm(len(training), generator=order).to(training.images.device)
        for taken in shuffled.split(recipe.batch):
            scores = model(training.words[taken], _of(features, training.images[taken]))
            loss = cross_entropy(scores, training.targets[taken], reduction="sum")
            optimizer.zero_grad()
            loss.backward()
            for layer in layers:
                clip_grad_norm_(layer.weight, recipe.gradient_norm)
            optimizer.step()
            with torch.no_grad():
                for layer, group in zip(layers, optimizer.param_groups, strict=True):
                    # As released, the weights decay after the step: momentum has no part in it.
                    layer.weight.mul_(1 - group["lr"] * recipe.weight_decay)
                    layer.weight.mul_((layers[layer][1] / layer.weight.norm()).clamp(max=1))
        schedule.step()
        right = right_part(model, features, held_out)
        if right > best:
            best_epoch, best, kept = epoch, right, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return best_epoch, best


@torch.inference_mode()
def probabilities(
    model: BagOfWordsAndImage, features: torch.Tensor, asked: Asked, block: int = 1000
) -> Iterator[torch.Tensor]:
    """Yield the probabilities of all answers, (block, answers), for the questions in order."""
    for words, images in zip(asked.words.split(block), asked.images.split(block), strict=True):
        yield model(words, _of(features, images)).softmax(1)


def right_part(model: BagOfWordsAndImage, features: torch.Tensor, asked: Asked) -> float:
    """Return the part of the questions whose most probable answer is the target."""
    guesses = [block.argmax(1) for block in probabilities(model, features, asked)]
    # A target that is no class is never met.
    return float((torch.cat(guesses) == asked.targets).float().mean())


def _of(features: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Return the features of images, from where they are to where the images' rows are."""
    return features[images.to(features.device)].to(images.device)


def trainable(asked: Asked) -> Asked:
    """Return those of the questions whose answer is a class."""
    known = asked.targets != NO_ANSWER
    return Asked(asked.words[known], asked.images[known], asked.targets[known])
