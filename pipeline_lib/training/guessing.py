"""Noticing that a training learns nothing: its network guesses, whatever the image."""

import math
from collections import Counter
from collections.abc import Sequence

from pipeline_lib.study.configuration.training import TrainingConfig

_CORRECT = 100  # images guessed correctly by chance that a window has at least, to tell from more
_STEPS = 100  # and steps, so that a network that is dead in all of them will not recover
_SIGMAS = 4  # luck that is not taken for learning: once in 30,000 windows


class GuessingWatch:
    """Watches the accuracy, the loss and the scores of a training in windows of steps.

    A window is at chance if its accuracy is not above that of always naming the largest class (by a
    binomial test) and its loss not below that of knowing the classes' frequencies alone. A run is given
    up if all windows are at chance for ``limit`` images of each class, or for half of the run if that
    is shorter, or the last one at its end. It is given up at once if, in a whole window, no image had
    other scores than its neighbours in the batch: then the network is dead (ReLUs that are zero for
    every image), and its gradient is zero. A slow start is not at chance for as long, and windows
    before the end of the warm-up do not count. In a run too short for a window nothing is tested but
    whether the network is dead at its end.

    ``targets`` are those of the training images, ``steps`` those of the whole run; with ``limit`` 0
    only dead networks are given up.
    """

    def __init__(
        self, name: str, targets: Sequence[int], config: TrainingConfig, steps: int, limit: int
    ) -> None:
        shares = [count / len(targets) for count in Counter(targets).values()]
        self.name, self._steps, self._batch = name, steps, config.batch
        self.chance = max(shares)
        self.loss = -sum(share * math.log(share) for share in shares)
        spread = sum(share * math.log(share) ** 2 for share in shares) - self.loss**2
        self._spread = math.sqrt(max(0.0, spread))
        self._warm = config.warmup * steps
        self._fewest = _CORRECT / self.chance
        self._window = max(_STEPS, math.ceil(self._fewest / config.batch))
        self._patience = min(limit * len(shares) / config.batch, steps / 2)
        self._gives_up = limit > 0
        self.at_chance = 0  # steps, up to the end of the last window

    def ends_window(self, step: int) -> bool:
        """Whether a window ends with this step: the last one takes in what would be too short."""
        if step == self._steps:
            return True
        return step % self._window == 0 and self._steps - step >= self._window

    def verdict(
        self, step: int, samples: float, loss_sum: float, correct: float, varied: float
    ) -> str:
        """Return why to give up after the window that ends with ``step``, "" to go on.

        ``loss_sum`` is over its samples, ``varied`` the number of pieces of batches whose images had
        different scores.
        """
        loss = loss_sum / samples
        if not varied:
            return (
                f"{self.name}: dead at step {step} of {self._steps}: all images have the same scores, "
                f"so that nothing is learned; loss {loss:.3f}. {_ADVICE}"
            )
        noise = _SIGMAS / math.sqrt(samples)
        above = self.chance + noise * math.sqrt(self.chance * (1 - self.chance))
        below = self.loss * (1 - 1e-4) - noise * self._spread  # losses are sums in single precision
        learns = correct / samples > above or loss < below
        if learns or step <= self._warm or samples < self._fewest:
            self.at_chance = 0
            return ""
        self.at_chance += round(samples / self._batch)
        if not self._gives_up or (self.at_chance < self._patience and step < self._steps):
            return ""
        return (
            f"{self.name}: still guesses at step {step} of {self._steps}: loss {loss:.3f}, accuracy "
            f"{100 * correct / samples:.2f} % in the last {samples:,.0f} images; chance is "
            f"{self.loss:.3f} and {100 * self.chance:.2f} %. {_ADVICE}, or "
            "training.give_up_after: 0 to go on"
        )


_ADVICE = (
    "Try a smaller recipe.rate, a recipe.warmup, the option batch_norm, or a start from ready-trained "
    "weights"
)
