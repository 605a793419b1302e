"""Noticing that a training learns nothing: its network guesses, whatever the image."""

import math
from collections.abc import Sequence

import torch

from pipeline_lib.study.configuration.training import TrainingConfig

_CORRECT = 100  # images guessed correctly by chance that a window has at least, to tell from more
_STEPS = 100  # and steps, so that a network that is dead in all of them will not recover
_SIGMAS = 4  # luck that is not taken for learning: once in 30,000 windows
_BELOW = (
    0.999  # of the loss at chance, which biases that follow the batches may reach by themselves
)


class GuessingWatch:
    """Watches the accuracy, the loss and the scores of a training in windows of steps.

    A window is at chance if its accuracy is not above that of always naming the largest class (by a
    binomial test) and its loss not below what the classes' frequencies alone give for the same images
    (by a thousandth). A run is given
    up if all windows are at chance for ``limit`` images of each class, or for half of the run if that
    is shorter, or the last one at its end. It is given up at once if, in a whole window, no image had
    other scores than its neighbours in the batch: then the network is dead (ReLUs that are zero for
    every image), and its gradient is zero. A slow start is not at chance for as long, and windows
    before the end of the warm-up do not count. In a run too short for a window nothing is tested but
    whether the network is dead at its end.

    ``targets`` are those of the training images, ``steps`` those of the whole run; with ``limit`` 0
    only dead networks are given up. ``losses`` is (classes,), the loss of an image of each class by the
    classes' frequencies.
    """

    def __init__(
        self, name: str, targets: Sequence[int], config: TrainingConfig, steps: int, limit: int
    ) -> None:
        shares = torch.bincount(torch.as_tensor(targets)) / len(targets)
        self.losses = -shares.log()
        self.name, self._steps, self._batch = name, steps, config.batch
        self.chance = float(shares.max())
        self._warm = config.warmup * steps
        self._fewest = _CORRECT / self.chance
        self._window = max(_STEPS, math.ceil(self._fewest / config.batch))
        self._patience = min(limit * len(shares) / config.batch, steps / 2)
        self._gives_up = limit > 0 and len(shares) > 1
        self.at_chance = 0  # steps, up to the end of the last window

    def ends_window(self, step: int) -> bool:
        """Whether a window ends with this step: the last one takes in what would be too short."""
        if step == self._steps:
            return True
        return step % self._window == 0 and self._steps - step >= self._window

    def verdict(
        self,
        step: int,
        samples: float,
        loss_sum: float,
        correct: float,
        chance_loss_sum: float,
        varied: float,
    ) -> str:
        """Return why to give up after the window that ends with ``step``, "" to go on.

        The sums are over its samples; ``varied`` is the number of pieces of batches whose images had
        different scores.
        """
        loss, chance_loss = loss_sum / samples, chance_loss_sum / samples
        if not varied:
            return (
                f"{self.name}: dead at step {step} of {self._steps}: all images have the same scores, "
                f"so that nothing is learned; loss {loss:.3f}. {_ADVICE}"
            )
        luck = _SIGMAS * math.sqrt(self.chance * (1 - self.chance) / samples)
        learns = correct / samples > self.chance + luck or loss < _BELOW * chance_loss
        if learns or step <= self._warm or samples < self._fewest:
            self.at_chance = 0
            return ""
        self.at_chance += round(samples / self._batch)
        if not self._gives_up or (self.at_chance < self._patience and step < self._steps):
            return ""
        return (
            f"{self.name}: still guesses at step {step} of {self._steps}: loss {loss:.3f}, accuracy "
            f"{100 * correct / samples:.2f} % in the last {samples:,.0f} images; chance is "
            f"{chance_loss:.3f} and {100 * self.chance:.2f} %. {_ADVICE}, or "
            "training.give_up_after: 0 to go on"
        )


_ADVICE = (
    "Try a smaller recipe.rate, a recipe.warmup, the option batch_norm, or a start from ready-trained "
    "weights"
)
