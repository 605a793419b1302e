"""Flags of the steps that bring networks: training, start weights, libraries, the user's own weights."""

import shlex
from typing import Any

from pipeline_lib.study.configuration.networks import RELEASED, WEIGHT_SUFFIXES
from pipeline_lib.study.flags.words import existing, pairs
from pipeline_lib.study.networks import training_of
from pipeline_lib.study.paths import start_name
from pipeline_lib.study.released import released_networks
from pipeline_lib.study.study import Study


def adopt(study: Study, wildcards: Any) -> str:
    """Which ready-trained network is taken, and what tables call it."""
    network = study.networks[wildcards.network]
    if network.source == "released":
        which = f"--released {network.name}"
    else:
        library = network.config.library
        which = f"--network {network.library_name}" + (f" --library {library}" if library else "")
        if not network.has_head:
            which += " --without-head"
        if network.config.classes:
            which += f" --labels {shlex.quote(network.config.classes)}"
    return f"{which} --name {shlex.quote(network.label)}"


def own_weights(study: Study, wildcards: Any) -> list[str]:
    """The user's file of a ready-trained network's weights, where there is one."""
    network = study.networks[wildcards.network]
    prefix = RELEASED if network.source == "released" else ""
    name = network.name if prefix else network.library_name
    return weights_of(study, prefix + name)


def own_classes(study: Study, wildcards: Any) -> list[str]:
    """The user's file of a ready-trained network's classes, where there is one."""
    classes = study.networks[wildcards.network].config.classes
    return [classes] if classes else []


def own_start(study: Study, wildcards: Any) -> list[str]:
    """The user's file of the weights that training starts from, where there is one."""
    return weights_of(study, study.starts[wildcards.start])


def start(study: Study, wildcards: Any) -> str:
    """What training starts from."""
    return shlex.join(["--start", study.starts[wildcards.start]])


def start_weights(study: Study, wildcards: Any) -> list[str]:
    """The file of the weights that a network's training starts from, if it does not start anew."""
    given = study.networks[wildcards.network].config.start
    return [study.paths.start_weights(start_name(given))] if given else []


def start_file(study: Study, wildcards: Any) -> str:
    """Where that file is."""
    paths = start_weights(study, wildcards)
    return shlex.join(word for path in paths for word in ("--start-weights", path))


def train(study: Study, wildcards: Any) -> str:
    """What decides what a trained network is; when it changes, the network is trained again."""
    network, section = study.networks[wildcards.network], study.configuration.training
    config = network.config
    recipe = training_of(study.configuration, network).model_dump()
    given = section.recipe.model_fields_set | set(config.recipe)  # a new key retrains nothing
    parts = [
        f"--name {shlex.quote(network.label)}",
        f"--architecture {config.architecture}",
        pairs("--option", config.options),
        pairs("--recipe", {key: value for key, value in recipe.items() if key in given}),
        f"--warp {section.warp} --crop {config.crop or section.crop}",
        shlex.join(["--start", config.start]) if config.start else "",
    ]
    return " ".join(filter(None, parts))


def shards(study: Study) -> str:
    """Where the packed training images are, if they are packed."""
    packed = study.configuration.training.pack
    return shlex.join(["--shards", study.paths.packed]) if packed else ""


def launcher(study: Study) -> str:
    """Return what starts the trainer: Python, or torchrun with a process for each GPU, if several.

    On several nodes srun starts one torchrun on each, and they meet on the first, where the job's
    script runs. The dashes keep torchrun from reading the trainer's flags as its own. Without the
    list of signals torchrun would die of a scheduler's warning and leave the trainers behind.
    """
    section = study.configuration.training
    nodes, processes = section.nodes, section.processes
    if nodes == processes == 1:
        return "python -m"
    srun, meeting = "", "--standalone"
    if nodes > 1:
        srun = f"srun --nodes {nodes} --ntasks {nodes} --ntasks-per-node 1 --kill-on-bad-exit "
        place = "$(hostname):$((20000 + SLURM_JOB_ID % 20000))"
        meeting = (
            f"--nnodes {nodes} --rdzv-backend c10d --rdzv-id $SLURM_JOB_ID --rdzv-endpoint {place}"
        )
    handled = "SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1"
    return (
        f"{srun}python -m torch.distributed.run {meeting} --nproc-per-node {processes} "
        f"--signals-to-handle={handled} -m --"
    )


def weights_of(study: Study, name: str) -> list[str]:
    """Return the user's file of a library's network, or of released:NAME, where there is one."""
    folder = f"{study.data_root}/weights"
    if name.startswith(RELEASED):
        release = released_networks().get(name.removeprefix(RELEASED).replace("*", "plus"))
        return existing(f"{folder}/{release['file']}") if release else []
    return existing(*(f"{folder}/{name}{suffix}" for suffix in WEIGHT_SUFFIXES))[:1]
