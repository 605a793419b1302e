"""The training loop, for training from scratch and fine-tuning, in one or many processes (protocol, 1).

A run is a function of its configuration, data and seed: each sample's crop and each epoch's order are
seeded, and checkpoints hold the rest. On the CPU, and on GPUs with ``deterministic``, a run that was
killed and resumed gives the same weights bit for bit. On GPUs without it, two runs differ as rounding
does: cuDNN chooses among algorithms by time, and some add up in any order.
"""

import logging
import math
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from pipeline_lib.common.command import progress
from pipeline_lib.common.errors import AttemptError, InputError
from pipeline_lib.common.machine import allow_tf32, make_deterministic, precision_here
from pipeline_lib.data.loader import TrainingCrops, normalised, training_batches, training_loader
from pipeline_lib.study.configuration.training import TrainingConfig
from pipeline_lib.training.checkpoint import Checkpoints
from pipeline_lib.training.distributed import Processes
from pipeline_lib.training.guessing import GuessingWatch
from pipeline_lib.training.history import History, Tally
from pipeline_lib.training.schedule import rate_at
from pipeline_lib.training.stop import StopRequest

_AUTOCAST = {"bfloat16": torch.bfloat16, "float16": torch.float16}

log = logging.getLogger(__name__)


def train(
    classifier: nn.Module,
    crops: TrainingCrops,
    config: TrainingConfig,
    checkpoints: Checkpoints,
    *,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    processes: Processes,
    stop: StopRequest,
    workers: int,
    save_every: int,
    log_every: int,
    history: Path | None = None,
    name: str = "the network",
    give_up_after: int = 0,
) -> dict[str, float | str]:
    """Train ``classifier`` in place, resuming from the newest checkpoint.

    Returns the number of steps, the last epoch's mean loss and accuracy, and the precision that was
    used: that of ``config``, or float32 where the device lacks it. A run that is resumed keeps the one
    that it began with. ``history`` is a folder that gets a row every ``log_every`` steps.

    On a request to stop, it saves after the current step and raises InputError, so that the job fails
    and a scheduler can start it again. Raises InputError for a loss that is not finite, a network that
    learns nothing (``GuessingWatch``, whose limit is ``give_up_after``), a data set smaller than a
    batch, a batch that does not split, and a device that lacks the precision a run began with.
    """
    check_batch_splits(config, processes.count)
    per_epoch = len(crops) // config.batch
    if per_epoch == 0:
        raise InputError(f"{len(crops)} training images are fewer than a batch of {config.batch}")
    steps = math.ceil(config.epochs * per_epoch)
    device = processes.device
    torch.backends.cudnn.benchmark = True  # the input's size never changes
    if config.deterministic:
        make_deterministic()
    saved = checkpoints.newest()
    precision = _precision_of(config, saved, processes)
    classifier.to(device, memory_format=torch.channels_last).train()
    processes.sync_batch_norm(classifier)
    network = processes.data_parallel(torch.compile(classifier) if config.compile else classifier)
    optimizer = torch.optim.SGD(_groups(classifier, config), config.rate, config.momentum)
    scaler = torch.amp.GradScaler(device.type, enabled=precision == "float16")
    components = {"classifier": classifier, "optimizer": optimizer, "scaler": scaler}
    average = None
    if config.ema:
        update = get_ema_multi_avg_fn(config.ema)
        average = AveragedModel(classifier, multi_avg_fn=update, use_buffers=True)
        components["average"] = average
    watch = GuessingWatch(name, crops.targets, config, steps, give_up_after)
    tally = Tally(watch.losses, device)
    step = _resume(saved, checkpoints.folder, components, tally, config, processes)
    if saved is not None:
        watch.at_chance = saved["at_chance"]

    def summed(sums: torch.Tensor) -> list[float]:
        values = processes.sum(sums).tolist()
        if not math.isfinite(values[1]):
            raise processes.common_error(
                f"the loss is not finite at or before step {step}; choose a smaller rate"
            )
        return values

    def means(sums: torch.Tensor) -> dict[str, float]:
        samples, loss, correct, *_ = summed(sums)
        return {"loss": loss / max(samples, 1), "accuracy": correct / max(samples, 1)}

    def save() -> None:
        summed(tally.sums[0])  # raises, so that a diverged run keeps its last good checkpoint
        ranks = processes.gather({"random": _random_state(device), "tally": tally.sums.cpu()})
        # The schedule is a closed form of the step: it has no state to save.
        states = {name: component.state_dict() for name, component in components.items()}
        state = {"configuration": config.model_dump(), "precision": precision, "ranks": ranks}
        state |= {"at_chance": watch.at_chance, **states}
        processes.run_in_first(lambda: checkpoints.save(step, state))

    keys = training_batches(
        len(crops), config.batch, config.seed, range(step, steps), processes.rank, processes.count
    )
    batches = training_loader(crops, keys, workers, pin_memory=device.type == "cuda")
    started = time.monotonic()
    with History(history if processes.is_first else None, step) as rows:
        for pixels, targets in progress(batches, "steps", total=steps - step):
            rate = rate_at(config, step / steps)
            for group in optimizer.param_groups:
                group["lr"] = rate * group["factor"]
            optimizer.zero_grad(set_to_none=True)
            targets = targets.to(device, non_blocking=True)
            pieces = zip(
                pixels.chunk(config.accumulate), targets.chunk(config.accumulate), strict=True
            )
            for number, (piece, target) in enumerate(pieces, start=1):
                with processes.gradient_sync(network, last=number == config.accumulate):
                    with _autocast(precision, device):
                        logits = network(normalised(piece, mean, std, device))
                        loss = nn.functional.cross_entropy(logits, target)
                    scaler.scale(loss / config.accumulate).backward()
                tally.add(loss, logits, target)
            scaler.step(optimizer)
            scaler.update()
            if average is not None:
                average.update_parameters(classifier)
            step += 1
            if step % log_every == 0 or step == steps:
                position = {"step": step, "epoch": step / per_epoch, "rate": rate}
                rows.write(config.batch, position | means(tally.sums[0]))
                tally.begin_row()
            if step % per_epoch == 0 or step == steps:
                metrics = means(tally.sums[1])
                log.info(
                    "epoch %d of %g: loss %.4f, accuracy %.1f %%, %.0f s",
                    *(math.ceil(step / per_epoch), config.epochs, metrics["loss"]),
                    *(100 * metrics["accuracy"], time.monotonic() - started),
                )
                tally.begin_epoch()
            if watch.ends_window(step):
                if reason := watch.verdict(step, *summed(tally.sums[2])):
                    raise processes.common_error(reason)
                tally.begin_window()
            if step == steps:
                break
            request = processes.max(stop.pending)
            if request or step % save_every == 0:
                save()
            if request:
                raise processes.common_error(stop.reason(request, step), AttemptError)
    if average is not None:
        classifier.load_state_dict(_averaged(classifier, average))
    classifier.eval()
    return {"steps": steps, "precision": precision, **metrics}


def check_batch_splits(config: TrainingConfig, processes: int) -> None:
    """Raise InputError if a batch does not split evenly over processes and pieces."""
    pieces = processes * config.accumulate
    if config.batch % pieces:
        raise InputError(
            f"recipe: a batch of {config.batch} does not split into {config.accumulate} equal pieces"
            f" (accumulate) on each of {processes} processes; choose a multiple of {pieces}"
        )


def _groups(classifier: nn.Module, config: TrainingConfig) -> list[dict]:
    """Return the optimizer's groups: weights with decay, biases at their own rate, the rest."""
    weights = [parameter for parameter in classifier.parameters() if parameter.dim() > 1]
    biases = [
        parameter
        for name, parameter in classifier.named_parameters()
        if parameter.dim() == 1 and name.endswith("bias")
    ]
    grouped = {id(parameter) for parameter in weights + biases}
    others = [parameter for parameter in classifier.parameters() if id(parameter) not in grouped]
    return [
        {"params": weights, "weight_decay": config.decay, "factor": 1.0},
        {"params": biases, "weight_decay": 0.0, "factor": config.bias_rate},
        {"params": others, "weight_decay": 0.0, "factor": 1.0},
    ]


def _precision_of(config: TrainingConfig, saved: dict | None, processes: Processes) -> str:
    """Return the precision of the run: what all its machines have, or what it began with."""
    asked = config.precision if saved is None else saved["precision"]
    is_lacking = processes.max(int(precision_here(asked, processes.device) != asked))
    if is_lacking and saved is not None:
        raise processes.common_error(
            f"this training began in {asked}, which this machine lacks: go on where there is {asked}, "
            "or set recipe.precision to float32 to begin anew",
            AttemptError,  # another node may have it
        )
    used = "float32" if is_lacking else asked
    if used != config.precision:
        why = "as the run began" if saved is not None else f"there is no {asked} here"
        log.info("precision: %s, because %s", used, why)
    allow_tf32(used == "tf32")
    return used


def _autocast(precision: str, device: torch.device) -> AbstractContextManager:
    if precision not in _AUTOCAST:
        return nullcontext()
    return torch.autocast(device.type, _AUTOCAST[precision])


def _averaged(classifier: nn.Module, average: AveragedModel) -> dict[str, torch.Tensor]:
    """Return the averaged weights and batch norm statistics; integer counters are not averaged."""
    averaged = average.module.state_dict()
    return {
        name: averaged[name] if tensor.is_floating_point() else tensor
        for name, tensor in classifier.state_dict().items()
    }


def _random_state(device: torch.device) -> dict[str, torch.Tensor | None]:
    on_gpu = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    return {"cpu": torch.get_rng_state(), "cuda": on_gpu}


def _resume(
    saved: dict | None,
    folder: Path,
    components: dict,
    tally: Tally,
    config: TrainingConfig,
    processes: Processes,
) -> int:
    """Load the checkpoint ``saved`` into all components; return its step, 0 if there is none.

    Raises InputError if the processes do not see the same one in ``folder``.
    """
    if not processes.is_first:
        torch.manual_seed(config.seed + processes.rank)  # each process has its own dropout
    step = 0 if saved is None else saved["step"]
    if processes.max(step) != -processes.max(-step):
        raise processes.common_error(
            f"{folder}: the processes do not see the same checkpoints; put it on a file"
            " system that all machines share"
        )
    if saved is None:
        return 0
    for name, component in components.items():
        component.load_state_dict(saved[name])
    ranks = saved["ranks"]
    if len(ranks) == processes.count:
        own = ranks[processes.rank]
        torch.set_rng_state(own["random"]["cpu"])
        if own["random"]["cuda"] is not None and processes.device.type == "cuda":
            torch.cuda.set_rng_state(own["random"]["cuda"], processes.device)
        tally.sums.copy_(own["tally"])
    else:
        log.warning(
            "begun by %d processes, resumed by %d: dropout will use other random numbers",
            *(len(ranks), processes.count),
        )
        if processes.is_first:
            tally.sums.copy_(sum(rank["tally"] for rank in ranks))
    log.info("resumed after step %d", step)
    return step
