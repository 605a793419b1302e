"""How to train: what a run's configuration may say, checked."""

import math
from dataclasses import dataclass

import torch

from pipeline_lib.common.errors import InputError

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Recipe:
    """How to train. The defaults are the released GoogLeNet-GAP solver's (protocol, section 1).

    ``schedule`` is "step" (the rate is divided by ten after each of ``milestones``, in parts of the
    run) or "cosine" (to zero, after ``warmup``, a part of the run, from zero). Weight decay spares
    everything but weights proper; biases learn ``bias_rate`` times as fast.

    ``batch`` is what one step of the optimizer sees, over all processes; each computes its share in
    ``accumulate`` pieces (batch norm sees a piece). ``precision`` is autocast's; weights stay
    float32. ``ema`` is the decay of a moving average of the weights, which then is what is kept;
    0 is off. ``compile`` has PyTorch compile the network.

    Raises InputError for a value that makes no sense.
    """

    epochs: float = 8.0
    batch: int = 64
    rate: float = 0.001
    momentum: float = 0.9
    decay: float = 5e-4
    bias_rate: float = 2.0
    schedule: str = "step"
    milestones: tuple[float, ...] = (0.25, 0.5, 0.75)
    warmup: float = 0.0
    seed: int = 0
    accumulate: int = 1
    precision: str = "float32"
    ema: float = 0.0
    compile: bool = False

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            known = ", ".join(PRECISIONS)
            raise InputError(f"recipe: precision '{self.precision}' is not one of {known}")
        if self.schedule not in ("step", "cosine"):
            raise InputError(f"recipe: schedule '{self.schedule}' is not one of step, cosine")
        if self.accumulate < 1:
            raise InputError(f"recipe: accumulate is {self.accumulate}; at least 1 is needed")
        if not 0 <= self.ema < 1:
            raise InputError(
                f"recipe: ema is {self.ema}; a decay from 0 (off) to below 1 is needed"
            )

    def check_shares(self, processes: int) -> None:
        """Raise InputError where the batch does not split evenly over processes and pieces."""
        if self.batch % (processes * self.accumulate):
            raise InputError(
                f"recipe: a batch of {self.batch} does not split into {self.accumulate} equal pieces"
                f" (accumulate) on each of {processes} processes; choose a multiple of"
                f" {processes * self.accumulate}"
            )

    def rate_at(self, progress_made: float) -> float:
        """Return the learning rate when a part ``progress_made`` in [0, 1) of the run is done."""
        if progress_made < self.warmup:
            return self.rate * progress_made / self.warmup
        if self.schedule == "cosine":
            after = (progress_made - self.warmup) / (1 - self.warmup)
            return self.rate * 0.5 * (1 + math.cos(math.pi * after))
        return self.rate * 0.1 ** sum(progress_made >= part for part in self.milestones)
