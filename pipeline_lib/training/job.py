"""A training job: from a manifest of images to a network on disk."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import torch

from pipeline_lib.common.batches import memory_errors
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.loader import TrainingCrops
from pipeline_lib.data.manifest import read_images
from pipeline_lib.networks.artefact import save_network
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.initial_weights import start_at_random, start_from
from pipeline_lib.networks.registry import build
from pipeline_lib.study.configuration.networks import NetworkConfig
from pipeline_lib.study.configuration.training import TrainingSection
from pipeline_lib.training.checkpoint import Checkpoints
from pipeline_lib.training.distributed import Processes
from pipeline_lib.training.images import ImageSource, open_images
from pipeline_lib.training.loop import train
from pipeline_lib.training.stop import StopRequest

log = logging.getLogger(__name__)


def train_network(
    name: str,
    network: NetworkConfig,
    settings: TrainingSection,
    source: ImageSource,
    *,
    start_weights: Path | None,
    checkpoints_folder: Path,
    history: Path | None,
    log_every: int,
    out: Path,
    processes: Processes,
    stop: StopRequest,
) -> None:
    """Train the ``network``, write it to ``out`` (.safetensors) and its card, clear the checkpoints.

    Of ``network``, the architecture, its options and the start are used; ``start_weights`` is the file
    of the start (``networks.start_weights``). Raises InputError for what does not fit together, for a
    network that learns nothing, and if ``stop`` ends the run before its last step.
    """
    images = read_images(source.manifest)
    classes = sorted(images["label"].unique())
    index_of = {label: index for index, label in enumerate(classes)}
    config = settings.recipe
    torch.manual_seed(config.seed)
    classifier = build(network.architecture, len(classes), network.options)
    sides = {"size": (settings.crop,) * 2, "warp": (settings.warp,) * 2}
    preprocessing = Preprocessing(**sides)
    record = {**config.model_dump(), "source": source.kind, "start": network.start}
    if network.start:
        mean, std = start_from(classifier, network.start, start_weights)
        preprocessing = Preprocessing(**sides, mean=mean, std=std)
        record["start_weights"] = fingerprint(start_weights)
    else:
        start_at_random(classifier)
    squares, data_identity = open_images(source, images, settings.warp, processes)
    identity = (network.architecture, network.options, record, asdict(preprocessing))
    checkpoints = Checkpoints(checkpoints_folder, fingerprint(*identity, *data_identity))
    processes.run_in_first(checkpoints.take)
    targets = [index_of[label] for label in images["label"]]
    # Not halved: dropout draws and batch norm averages other numbers for other pieces of a batch.
    share = config.batch // processes.count // config.accumulate
    what = f"a training step of {name} on {share} images at a time"
    remedy = f"raise training.recipe.accumulate (now {config.accumulate}) or training.processes"
    with (
        memory_errors(what, processes.device, remedy),
        _deterministic_errors(name, config.deterministic),
    ):
        metrics = train(
            classifier,
            TrainingCrops(squares, targets, crop_side=settings.crop, seed=config.seed),
            config,
            checkpoints,
            mean=preprocessing.mean,
            std=preprocessing.std,
            processes=processes,
            stop=stop,
            workers=settings.workers,
            save_every=settings.save_every,
            log_every=log_every,
            history=history,
            name=name,
            give_up_after=settings.give_up_after,
        )
    card = NetworkCard(
        name=name,
        source="trained",
        architecture=network.architecture,
        options=network.options,
        classes=classes,
        preprocessing=preprocessing,
        # With the precision that was used, which is float32 where the device lacks the one asked for.
        training={**record, **metrics, "images": len(images), "processes": processes.count},
    )

    def write() -> None:
        checkpoints.check_ours()
        save_network(out, card, classifier.state_dict())
        # SLURM starts a job again when it loses its node, even if the job goes on there and finishes.
        # With the checkpoints kept, the second one repeats the last steps only; the end of the
        # workflow clears them.
        if "SLURM_JOB_ID" not in os.environ:
            checkpoints.clear()
        log.info("%s: wrote %s", name, out)

    processes.run_in_first(write)


@contextmanager
def _deterministic_errors(name: str, deterministic: bool) -> Iterator[None]:
    """Turn PyTorch's error for a layer that GPUs cannot compute deterministically into one line."""
    try:
        yield
    except RuntimeError as error:
        if not deterministic or "deterministic" not in str(error):
            raise
        layer = str(error).split(" does not have")[0]
        raise InputError(
            f"{name}: recipe.deterministic: PyTorch has no deterministic {layer}; leave it out for this "
            "network"
        ) from None
