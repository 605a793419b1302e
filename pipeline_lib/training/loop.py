"""The training loop: from scratch and fine-tuning alike, in one process or many (protocol, 1).

A run is a pure function of its recipe, data and seed: each sample's crop and each epoch's order
are seeded, and a checkpoint holds the rest, so a run killed and resumed gives the same weights.
"""

import logging
import math
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.loader import TrainingCrops, normalised, training_batches, training_loader
from pipeline_lib.training.checkpoint import Checkpoints
from pipeline_lib.training.distributed import Processes
from pipeline_lib.training.history import History, Tally
from pipeline_lib.training.recipe import PRECISIONS, Recipe
from pipeline_lib.training.stop import StopRequest

log = logging.getLogger(__name__)


def train(
    classifier: nn.Module,
    crops: TrainingCrops,
    recipe: Recipe,
    checkpoints: Checkpoints,
    *,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    processes: Processes,
    stop: StopRequest,
    workers: int = 0,
    save_every: int = 100,
    log_every: int = 10,
    history: Path | None = None,
) -> dict[str, float]:
    """Train ``classifier`` in place, resuming from the newest checkpoint.

    Returns the number of steps and the last epoch's mean loss and accuracy. ``history`` is a folder
    that gets a row every ``log_every`` steps. Asked to stop, it saves after the step at hand and
    raises InputError, so that the job fails and a scheduler may start it again. Raises InputError
    for a loss that is not finite, a data set smaller than a batch, and a batch that does not split.
    """
    recipe.check_shares(processes.count)
    per_epoch = len(crops) // recipe.batch
    if per_epoch == 0:
        raise InputError(f"{len(crops)} training images are fewer than a batch of {recipe.batch}")
    steps = math.ceil(recipe.epochs * per_epoch)
    device = processes.device
    torch.backends.cudnn.benchmark = True  # the input's size never changes
    classifier.to(device, memory_format=torch.channels_last).train()
    processes.share_batch_norm(classifier)
    network = processes.wrapped(torch.compile(classifier) if recipe.compile else classifier)
    optimizer = torch.optim.SGD(_groups(classifier, recipe), recipe.rate, recipe.momentum)
    scaler = torch.amp.GradScaler(device.type, enabled=recipe.precision == "float16")
    parts = {"classifier": classifier, "optimizer": optimizer, "scaler": scaler}
    average = None
    if recipe.ema:
        update = get_ema_multi_avg_fn(recipe.ema)
        average = AveragedModel(classifier, multi_avg_fn=update, use_buffers=True)
        parts["average"] = average
    tally = Tally(device)
    step = _resume(checkpoints, parts, tally, recipe, processes)

    def means(sums: torch.Tensor) -> dict[str, float]:
        samples, loss, right = processes.total(sums).tolist()
        if not math.isfinite(loss):
            raise processes.end(
                f"the loss is not finite at or before step {step}; choose a smaller rate"
            )
        return {"loss": loss / max(samples, 1), "accuracy": right / max(samples, 1)}

    def save() -> None:
        means(tally.sums[0])  # checkpoints of spoiled weights must not replace good ones
        ranks = processes.gathered({"random": _random_state(device), "tally": tally.sums.cpu()})
        # The schedule is a closed form of the step: it has no state to save.
        states = {name: part.state_dict() for name, part in parts.items()}
        state = {"configuration": asdict(recipe), "ranks": ranks, **states}
        processes.in_the_first(lambda: checkpoints.save(step, state))

    keys = training_batches(
        len(crops), recipe.batch, recipe.seed, range(step, steps), processes.rank, processes.count
    )
    batches = training_loader(crops, keys, workers, pin_memory=device.type == "cuda")
    started = time.monotonic()
    with History(history if processes.first else None, step) as rows:
        for pixels, targets in progress(batches, "steps", total=steps - step):
            rate = recipe.rate_at(step / steps)
            for group in optimizer.param_groups:
                group["lr"] = rate * group["factor"]
            optimizer.zero_grad(set_to_none=True)
            targets = targets.to(device, non_blocking=True)
            pieces = zip(
                pixels.chunk(recipe.accumulate), targets.chunk(recipe.accumulate), strict=True
            )
            for number, (piece, target) in enumerate(pieces, start=1):
                with processes.gradients(network, last=number == recipe.accumulate):
                    with _autocast(recipe, device):
                        logits = network(normalised(piece, mean, std, device))
                        loss = nn.functional.cross_entropy(logits, target)
                    scaler.scale(loss / recipe.accumulate).backward()
                tally.add(loss, logits, target)
            scaler.step(optimizer)
            scaler.update()
            if average is not None:
                average.update_parameters(classifier)
            step += 1
            if step % log_every == 0 or step == steps:
                place = {"step": step, "epoch": step / per_epoch, "rate": rate}
                rows.write(recipe.batch, place | means(tally.sums[0]))
                tally.begin_row()
            if step % per_epoch == 0 or step == steps:
                figures = means(tally.sums[1])
                log.info(
                    "epoch %d of %g: loss %.4f, accuracy %.1f %%, %.0f s",
                    *(math.ceil(step / per_epoch), recipe.epochs, figures["loss"]),
                    *(100 * figures["accuracy"], time.monotonic() - started),
                )
                tally.begin_epoch()
            if step == steps:
                break
            asked = processes.largest(stop.asked)
            if asked or step % save_every == 0:
                save()
            if asked:
                raise processes.end(stop.reason(asked, step))
    if average is not None:
        classifier.load_state_dict(_averaged(classifier, average))
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


def _autocast(recipe: Recipe, device: torch.device) -> AbstractContextManager:
    if recipe.precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, PRECISIONS[recipe.precision])


def _averaged(classifier: nn.Module, average: AveragedModel) -> dict[str, torch.Tensor]:
    """Return the averaged weights and batch norm statistics; what only counts is not averaged."""
    averaged = average.module.state_dict()
    return {
        name: averaged[name] if tensor.is_floating_point() else tensor
        for name, tensor in classifier.state_dict().items()
    }


def _random_state(device: torch.device) -> dict[str, torch.Tensor | None]:
    on_gpu = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    return {"cpu": torch.get_rng_state(), "cuda": on_gpu}


def _resume(
    checkpoints: Checkpoints, parts: dict, tally: Tally, recipe: Recipe, processes: Processes
) -> int:
    """Load the newest checkpoint into all parts of the run; return its step, 0 without one."""
    if not processes.first:
        torch.manual_seed(recipe.seed + processes.rank)  # each draws dropouts of its own
    saved = checkpoints.newest()
    step = 0 if saved is None else saved["step"]
    if processes.largest(step) != -processes.largest(-step):
        raise processes.end(
            f"{checkpoints.folder}: the processes do not see the same checkpoints; put it on a file"
            " system that all machines share"
        )
    if saved is None:
        return 0
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    ranks = saved["ranks"]
    if len(ranks) == processes.count:
        own = ranks[processes.rank]
        torch.set_rng_state(own["random"]["cpu"])
        if own["random"]["cuda"] is not None and processes.device.type == "cuda":
            torch.cuda.set_rng_state(own["random"]["cuda"], processes.device)
        tally.sums.copy_(own["tally"])
    else:
        log.warning(
            "begun by %d processes, resumed by %d: dropout draws other numbers than it would have",
            *(len(ranks), processes.count),
        )
        if processes.first:
            tally.sums.copy_(sum(rank["tally"] for rank in ranks))
    log.info("resumed after step %d", step)
    return step
