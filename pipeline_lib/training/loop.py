"""The training loop: from scratch and fine-tuning alike (protocol, section 1).

A run is a pure function of its recipe, data and seed: each sample's crop and each epoch's order
are seeded, and a checkpoint holds the rest, so a run killed and resumed gives the same weights.
"""

import logging
import math
import signal
import time
from dataclasses import dataclass

import torch
from torch import nn

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.loader import TrainingCrops, epoch_batches, normalised, training_loader
from pipeline_lib.training.checkpoint import Checkpoints

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """How to train. The defaults are the released GoogLeNet-GAP solver's (protocol, section 1).

    ``schedule`` is "step" (the rate is divided by ten after each of ``milestones``, in parts of the
    run) or "cosine" (to zero, after ``warmup``, a part of the run, from zero). Weight decay spares
    everything but weights proper; biases learn ``bias_rate`` times as fast.
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

    def rate_at(self, progress_made: float) -> float:
        """Return the learning rate when a part ``progress_made`` in [0, 1) of the run is done."""
        if progress_made < self.warmup:
            return self.rate * progress_made / self.warmup
        if self.schedule == "cosine":
            after = (progress_made - self.warmup) / (1 - self.warmup)
            return self.rate * 0.5 * (1 + math.cos(math.pi * after))
        return self.rate * 0.1 ** sum(progress_made >= part for part in self.milestones)


def train(
    classifier: nn.Module,
    crops: TrainingCrops,
    recipe: Recipe,
    checkpoints: Checkpoints,
    *,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    device: torch.device,
    workers: int = 0,
    save_every: int = 100,
) -> dict[str, float]:
    """Train ``classifier`` in place, resuming from the newest checkpoint; return the last figures.

    Asked by SIGTERM or SIGUSR1, it saves after the step at hand and raises InputError, so that the
    job fails and a scheduler may start it again. Raises InputError for a loss that is not finite
    and for a data set smaller than a batch.
    """
    per_epoch = len(crops) // recipe.batch
    if per_epoch == 0:
        raise InputError(f"{len(crops)} training images are fewer than a batch of {recipe.batch}")
    steps = math.ceil(recipe.epochs * per_epoch)
    classifier.to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(_groups(classifier, recipe), recipe.rate, recipe.momentum)
    step, figures = _resume(checkpoints, classifier, optimizer)
    stop = _StopRequest()
    started = time.monotonic()

    def save() -> None:
        state = {"classifier": classifier.state_dict(), "optimizer": optimizer.state_dict()}
        random = {"cpu": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state_all()}
        checkpoints.save(step, {**state, "random": random, "figures": figures})

    while step < steps:
        epoch, at = divmod(step, per_epoch)
        batches = epoch_batches(len(crops), recipe.batch, epoch, recipe.seed)[at:]
        batches = batches[: steps - step]
        if at == 0:
            figures = {"loss": 0.0, "accuracy": 0.0}
        for pixels, targets in progress(
            training_loader(crops, batches, workers), f"epoch {epoch + 1}", total=len(batches)
        ):
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate_at(step / steps) * group["factor"]
            targets = targets.to(device)
            logits = classifier(normalised(pixels, mean, std, device))
            loss = nn.functional.cross_entropy(logits, targets)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if not torch.isfinite(loss):
                raise InputError(f"loss is {loss.item()} at step {step}; choose a smaller rate")
            figures["loss"] += loss.item() / per_epoch
            figures["accuracy"] += (logits.argmax(1) == targets).float().mean().item() / per_epoch
            step += 1
            if stop.asked or (step % save_every == 0 and step < steps):
                save()
            if stop.asked:
                raise InputError(
                    f"stopped by {stop.asked} after step {step}; rerun to go on from here"
                )
        elapsed = time.monotonic() - started
        log.info(
            "epoch %d of %g: loss %.4f, accuracy %.1f %%, %.0f s",
            *(epoch + 1, recipe.epochs, figures["loss"], 100 * figures["accuracy"], elapsed),
        )
    classifier.eval()
    return {"steps": steps, **figures}


def _groups(classifier: nn.Module, recipe: Recipe) -> list[dict]:
    weights = [parameter for parameter in classifier.parameters() if parameter.dim() > 1]
    biases = [
        parameter
        for name, parameter in classifier.named_parameters()
        if parameter.dim() == 1 and name.endswith("bias")
    ]
    chosen = {id(parameter) for parameter in weights + biases}
    others = [parameter for parameter in classifier.parameters() if id(parameter) not in chosen]
    return [
        {"params": weights, "weight_decay": recipe.decay, "factor": 1.0},
        {"params": biases, "weight_decay": 0.0, "factor": recipe.bias_rate},
        {"params": others, "weight_decay": 0.0, "factor": 1.0},
    ]


def _resume(
    checkpoints: Checkpoints, classifier: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[int, dict[str, float]]:
    saved = checkpoints.newest()
    if saved is None:
        return 0, {}
    classifier.load_state_dict(saved["classifier"])
    optimizer.load_state_dict(saved["optimizer"])
    torch.set_rng_state(saved["random"]["cpu"])
    if saved["random"]["cuda"]:
        torch.cuda.set_rng_state_all(saved["random"]["cuda"])
    log.info("resumed after step %d", saved["step"])
    return saved["step"], saved["figures"]


class _StopRequest:
    """Set by a signal, read between steps: a handler must not do more than that."""

    def __init__(self) -> None:
        self.asked: str | None = None
        for number in (signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, self._note)

    def _note(self, number: int, _frame: object) -> None:
        self.asked = signal.Signals(number).name
