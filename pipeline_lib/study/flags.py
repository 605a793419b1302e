"""The flags that a study's settings put on the command lines of its jobs, by step.

Each function takes the study and Snakemake's wildcards. Files stay in the rules.
"""

import json
import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline_lib.data.transfer.sets import transfer_sets
from pipeline_lib.study.configuration.discovery import MiningConfig
from pipeline_lib.study.configuration.flags import as_flags
from pipeline_lib.study.configuration.load import study_values
from pipeline_lib.study.configuration.networks import RELEASED, WEIGHT_SUFFIXES
from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.contents import contents
from pipeline_lib.study.hint import snakemake_command
from pipeline_lib.study.image_sets import PICKED, own_captions, transfer_root
from pipeline_lib.study.missing import missing_data, sets_of
from pipeline_lib.study.networks import training_of
from pipeline_lib.study.paths import BACKPROP, ONE_CROP, SVM, TEN_CROP, VAL, Maps, start_name
from pipeline_lib.study.released import released_networks
from pipeline_lib.study.study import Study

SCENE_KEYS = ("categories", "min_images", "coverage", "short_polygons")
HIGHLIGHT_KEYS = ("threshold", "min_overlap_fraction", "min_overlap_rate", "grid", "draws")
UNIT_KEYS = ("count", "units", "top", "shown", "method", "occluded", "occluder", "stride")
_SYNTHETIC = "The images are synthetic, in the layout of ILSVRC."
_SYNTHETIC_BOXES = (
    "Synthetic objects have the colours of their surroundings, which leaves a graph cut, and with it "
    "backprop, little to go by."
)


def index(study: Study, wildcards: Any) -> str:
    """How images are read, and options of the reader of an official layout."""
    images = study.configuration.images
    options = [_reader_options(study, wildcards)]
    options += ["--unreadable skip"] * (images.unreadable == "skip")
    options += [f"--view {images.view}"] * (images.view != "stored")
    return " ".join(filter(None, options))


def index_threads(study: Study) -> int:
    """The threads that decode images: reading a layout alone opens few of them."""
    section = study.configuration
    return section.prediction.threads if section.images.unreadable == "skip" else 1


def _reader_options(study: Study, wildcards: Any) -> str:
    image_set = study.image_sets[wildcards.image_set]
    configuration = study.configuration
    if image_set.chapter == "ilsvrc":
        flags = f"--expected {configuration.ilsvrc.val_images}"
        if study.is_synthetic:
            flags += f" --note {shlex.quote(_SYNTHETIC)} --box-note {shlex.quote(_SYNTHETIC_BOXES)}"
        return flags
    if image_set.chapter == "transfer":
        paper = transfer_sets()[image_set.title]
        if not paper.random_splits or paper.metric != "accuracy":
            return ""  # official splits are as they are
        given = {"train": configuration.transfer.train, "repeats": configuration.transfer.splits}
        return " ".join(
            f"--{flag} {number}" for flag, number in given.items() if number is not None
        )
    if image_set.name == "scenes":
        section = configuration.scenes
        return _pairs("--option", {key: getattr(section, key) for key in SCENE_KEYS})
    if image_set.name == "concepts" and (captions := own_captions(configuration)):
        return _pairs("--option", {"captions": captions})
    return ""


def drawn_folders(study: Study, wildcards: Any) -> list[str]:
    """The folders that a manifest is read from, where the study draws them itself."""
    image_set = study.image_sets[wildcards.image_set]
    return list(image_set.folders) if image_set.synthetic else []


def official_contents(study: Study, wildcards: Any) -> str:
    """What lies in the official folders that a manifest is read from: a change reads them again."""
    image_set = study.image_sets[wildcards.image_set]
    if image_set.synthetic:
        return ""
    return contents(*(image_set.folders or [image_set.root]))


def transfer_folders(study: Study) -> list[str]:
    """The folders of all transfer data sets, as they are drawn together."""
    root = transfer_root(study.configuration, study.data_root)
    return [f"{root}/{paper.folder}" for paper in transfer_sets().values()]


def adopt(study: Study, wildcards: Any) -> str:
    """Which ready-trained network is taken, and what tables call it."""
    network = study.networks[wildcards.network]
    if network.source == "released":
        which = f"--released {network.name}"
    else:
        library = network.config.library
        which = f"--network {network.library_name}" + (f" --library {library}" if library else "")
        if network.config.classes:
            which += f" --labels {shlex.quote(network.config.classes)}"
    return f"{which} --name {shlex.quote(network.label)}"


def own_weights(study: Study, wildcards: Any) -> list[str]:
    """The user's file of a ready-trained network's weights, where there is one."""
    network = study.networks[wildcards.network]
    prefix = RELEASED if network.source == "released" else ""
    name = network.name if prefix else network.library_name
    return _weights_of(study, prefix + name)


def own_classes(study: Study, wildcards: Any) -> list[str]:
    """The user's file of a ready-trained network's classes, where there is one."""
    classes = study.networks[wildcards.network].config.classes
    return [classes] if classes else []


def own_start(study: Study, wildcards: Any) -> list[str]:
    """The user's file of the weights that training starts from, where there is one."""
    return _weights_of(study, study.starts[wildcards.start])


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
        _pairs("--option", config.options),
        _pairs("--recipe", {key: value for key, value in recipe.items() if key in given}),
        f"--warp {section.warp} --crop {config.crop or section.crop}",
        shlex.join(["--start", config.start]) if config.start else "",
    ]
    return " ".join(filter(None, parts))


def shards(study: Study) -> str:
    """Where the packed training images are, if they are packed."""
    packed = study.configuration.training.pack
    return shlex.join(["--shards", study.paths.packed]) if packed else ""


def predict(study: Study, wildcards: Any) -> str:
    """Which maps are made, over which crops, in which precision."""
    return _maps(study, wildcards) + precision(study)


def precision(study: Study) -> str:
    """The precision of networks that predict, where it is not the default: a new key reruns nothing."""
    given = study.configuration.prediction
    is_default = given.precision == type(given).model_fields["precision"].default
    return "" if is_default else f" --precision {given.precision}"


def _maps(study: Study, wildcards: Any) -> str:
    crops = 10 if wildcards.crops == TEN_CROP else 1
    if wildcards.map_source == SVM:
        which = f"--classifier {shlex.quote(classifier(study, wildcards)[0])}"
        return f"{which} --crops {crops}" if crops > 1 else which  # the step refuses ten
    if wildcards.map_source == BACKPROP:
        return f"--method backprop --crops {crops}"
    config = study.networks[wildcards.network].config
    method = f"--method {config.maps} " if config.maps else ""
    layer = f"--layer {shlex.quote(config.layer)} " if config.layer else ""
    return f"{method}{layer}--crops {crops}"


def classifier(study: Study, wildcards: Any) -> list[str]:
    """The linear SVM whose classes are predicted, if they are not the network's own."""
    if wildcards.map_source != SVM:
        return []
    image_set = wildcards.image_set.removesuffix(PICKED)
    return [study.paths.svm(image_set, "whole", wildcards.network)]


def localize(study: Study, wildcards: Any) -> str:
    """How boxes are made; only the paper's box method has a threshold."""
    names = ["interpolation", *["threshold"] * (wildcards.box_method == "paper")]
    return as_flags(study.configuration.boxes, *names)


def crop_boxes(study: Study, wildcards: Any) -> list[str]:
    """The boxes that images are cropped to: none, the true ones, or those of the SVM's maps."""
    if wildcards.crop == "whole":
        return []
    if wildcards.crop == "box":
        return [study.paths.manifest(wildcards.image_set, "boxes")]
    return [study.paths.boxes(Maps(wildcards.image_set, SVM, ONE_CROP, wildcards.network), "paper")]


def features(study: Study, wildcards: Any) -> str:
    """What images are cropped to."""
    return shlex.join(word for path in crop_boxes(study, wildcards) for word in ("--boxes", path))


def answer_submissions(study: Study) -> str:
    """The files for the VQA server, each with its flag."""
    names = {"OpenEnded": "--open-ended", "MultipleChoice": "--multiple-choice"}
    return shlex.join(
        word for task, path in study.vqa_submissions.items() for word in (names[task], path)
    )


def concepts(study: Study) -> str:
    """How concepts are chosen and mined: the phrases that are given, or how to find some."""
    section = study.configuration.concepts
    chosen = ["phrases"] if section.phrases else ["count", "max_words", "min_images"]
    rest = ["held_out_fraction", *MiningConfig.model_fields, "show", "pictures"]
    return as_flags(section, *chosen, *rest)


def units(study: Study, wildcards: Any) -> str:
    """Which units are inspected, and how."""
    section = study.configuration.units
    classes = section.classes if wildcards.image_set == VAL else section.places
    named = f"--classes {shlex.join(classes)} " if classes else ""
    return named + as_flags(section, *UNIT_KEYS) + precision(study)


def unit_files(study: Study, table: str) -> dict[str, str]:
    """The files that a table of units is made from, by the step's flags."""
    image_set, network = study.unit_sets[table]
    tables = {
        name: study.paths.manifest(image_set, name) for name in ("images", "boxes", "classes")
    }
    return {"units": study.paths.units(image_set, network)} | tables


def publish(study: Study) -> str:
    """What the page says of the study, and where its results are."""
    warning = study.configuration.warning
    flags = ["--study", study.name, "--results", study.paths.results]
    return shlex.join([*flags, *(["--warning", warning] if warning else [])])


def configurations(configuration: Configuration, studies: Path) -> str:
    """The study's configuration, and what its own file says."""
    own = study_values(configuration.study, studies)
    flags = {
        "--config": configuration.model_dump_json(exclude_unset=True),
        "--own": json.dumps(own),
    }
    return shlex.join(word for flag in flags.items() for word in flag)


def shared_folders(study: Study, scratch: str) -> list[str]:
    """The folders that jobs must see as the login node does."""
    data = [] if study.is_synthetic else [study.data_root]
    return [os.path.dirname(study.paths.results), *data, *([scratch] if scratch else [])]


def preflight(study: Study, outputs: Iterable[str]) -> str:
    """What the study needs to make ``outputs``, what of it is missing, and how to plan it."""
    flags = ["--plan-command", snakemake_command(study, "plan")]
    if study.configuration.gpu:
        flags += ["--gpus", str(most_gpus(study))]
    for line in missing_data(study, outputs):
        flags += ["--missing", line]
    if keys := sets_of(study):
        flags += ["--data-root", study.data_root, "--sets", *keys]
    libraries = [study.networks[name] for name in study.adopted]
    names = [each.library_name for each in libraries if each.source == "library"]
    names += [start for start in study.starts.values() if not start.startswith(RELEASED)]
    for name in dict.fromkeys(names):
        flags += ["--weights", f"{name}={''.join(_weights_of(study, name))}"]
    return shlex.join(flags)


def most_gpus(study: Study) -> int:
    """The most GPUs on one node that a job asks for."""
    return study.configuration.training.processes if study.trained else 1


def left_out(reasons: Mapping[str, str]) -> str:
    """Why tables and figures are not on the page, by their titles."""
    words = (word for each in reasons.items() for word in ("--left-out", "=".join(each)))
    return shlex.join(words)


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


def _weights_of(study: Study, name: str) -> list[str]:
    """Return the user's file of a library's network, or of released:NAME, where there is one."""
    folder = f"{study.data_root}/weights"
    if name.startswith(RELEASED):
        release = released_networks().get(name.removeprefix(RELEASED).replace("*", "plus"))
        return existing(f"{folder}/{release['file']}") if release else []
    return existing(*(f"{folder}/{name}{suffix}" for suffix in WEIGHT_SUFFIXES))[:1]


def existing(*paths: str) -> list[str]:
    """Return the paths that are there: a step explains what is missing better than Snakemake."""
    return [path for path in paths if os.path.exists(path)]


def _pairs(flag: str, values: Mapping[str, object]) -> str:
    """Return `flag key=value` for each item, quoted for the shell, values as YAML in one line."""
    texts = (f"{key}={_yaml(value)}" for key, value in values.items())
    return " ".join(f"{flag} {shlex.quote(text)}" for text in texts)


def _yaml(value: object) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    return yaml.safe_dump(plain, default_flow_style=True, width=1000).removesuffix("...\n").strip()
