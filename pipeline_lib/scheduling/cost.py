"""What a study will cost: a job at a time, units of work times the rates of ``rates.yaml``.

A job's GPU time is its forward passes' operations over the GPU's speed; while it lasts, the job holds
all its processors. Without a GPU the operations are the processors'. What is read and decoded besides
takes processors' time, spread over those a job has. Disk is what stays when the study is done; scratch
is what can be deleted then, all of it at once, an upper bound.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from pipeline_lib.common.errors import InputError

INPUT = 224  # pixels of a side that the operations of networks are counted at
CROPS = {"ten-crop": 10, "backprop": 3}  # views that look more than once; a gradient costs two more
SLOW_RULES = {"graphcut": 10.0, "authors": 6.0}  # times the paper's rule, measured on mini
LARGE_VIEWS = {"backprop": 10.0}  # times the bytes of class maps: planes at the input's size
_FOLDS, _COSTS = 3, 7  # what choosing C repeats where the study does not say


@dataclass(frozen=True)
class Cost:
    """``jobs``; hours of a GPU and of a processor core; bytes ``written``, and in ``scratch``."""

    jobs: int = 0
    gpu: float = 0.0
    cpu: float = 0.0
    written: float = 0.0
    scratch: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            *(getattr(self, key) + getattr(other, key) for key in self.__dataclass_fields__)
        )


def rates() -> dict[str, Any]:
    """Return ``rates.yaml``."""
    return yaml.safe_load(files("pipeline_lib.scheduling").joinpath("rates.yaml").read_text())


def cost_of(
    record: dict, config: dict, images: dict[str, int], known: dict[str, Any] | None = None
) -> Cost:
    """Return the cost of one job.

    ``record`` is of ``job_records``, ``config`` the study's complete configuration, ``images`` the
    number of images of each set by the name in its wildcard, ``known`` the rates. Raises InputError
    for a rule without a rate.
    """
    known = known or rates()
    rule, wildcards = record["rule"], record["wildcards"]
    if rule in known["free"] or not record["outputs"]:
        return Cost()
    if rule not in known["steps"]:
        raise InputError(f"rates.yaml: no rate for rule {rule}; measure it and add one")
    step = known["steps"][rule]
    units = _units(step["unit"], rule, wildcards, config, images)
    seconds = step["start"] + units * step.get("seconds", 0)
    if rule == "localize":
        seconds = step["start"] + (seconds - step["start"]) * SLOW_RULES.get(wildcards["rule"], 1)
    operations = units * step.get("passes", 0) * _operations(wildcards, config, known)
    written, scratch = units * step["written"], units * step.get("scratch", 0)
    if rule == "predict":
        written *= LARGE_VIEWS.get(wildcards["views"], 1)
    threads = record["threads"]
    if not operations or not config["gpu"]:
        seconds += operations / known["core_flops"]["value"]
        return Cost(1, 0.0, seconds / 3600, written, scratch)
    # Decoding goes on beside the GPU: the slower of the two is what takes time.
    lasts = max(operations / known["gpu_flops"]["value"], seconds / threads)
    devices = (
        config["training"]["processes"] * config["training"]["nodes"] if rule == "train" else 1
    )
    return Cost(1, lasts / 3600, lasts / devices * threads / 3600, written, scratch)


def closure(records: list[dict], wanted: Iterable[int]) -> list[dict]:
    """Return the records at these places, and all that they need."""
    found: set[int] = set()
    rest = list(wanted)
    while rest:
        number = rest.pop()
        if number not in found:
            found.add(number)
            rest.extend(records[number]["needs"])
    return [records[number] for number in sorted(found)]


def _units(unit: str, rule: str, wildcards: dict, config: dict, images: dict[str, int]) -> float:
    """How much a job has to do, in the word of ``rates.yaml``.

    image: the images of its set (of both splits for the world). look: images times crops.
    epoch-image: training images times epochs. fit-image: images times the SVMs that choosing C of
    raw and of normalised features takes on all splits. job: one.
    """
    if unit == "job":
        return 1.0
    if rule == "world":
        return float(sum(images.get(f"ilsvrc-{split}", 0) for split in ("train", "val", "test")))
    count = float(images[_set_of(rule, wildcards)])
    if unit == "image":
        return count
    if unit == "look":
        return count * CROPS.get(wildcards.get("views", ""), 1)
    if unit == "epoch-image":
        training = config["training"]["recipe"]
        own = (config["networks"][wildcards["network"]] or {}).get("recipe", {})
        return count * float((training | own)["epochs"])
    if unit == "fit-image":
        transfer = config["transfer"]
        folds = transfer.get("folds") or _FOLDS
        costs = len(transfer.get("costs") or range(_COSTS))
        return count * (transfer.get("splits") or 1) * 2 * folds * costs / (_FOLDS * _COSTS)
    raise InputError(f"rates.yaml: unit {unit} of rule {rule} is unknown")


def _set_of(rule: str, wildcards: dict) -> str:
    """The name of the images a job works on."""
    if "set" in wildcards:
        return wildcards["set"]
    if rule == "ilsvrc":
        return f"ilsvrc-{wildcards['split']}"
    return "ilsvrc-train" if rule in ("pack", "train") else "ilsvrc-val"


def _operations(wildcards: dict, config: dict, known: dict[str, Any]) -> float:
    """The operations of a forward pass: those at full size, scaled by width and input."""
    name = wildcards.get("network", "")
    network = config["networks"].get(name) or {}
    options = network.get("options", {})
    at_full_size = known["networks"]
    kind = network.get("architecture") or network.get("pretrained") or name
    full = float(at_full_size.get(kind, at_full_size["other"]))
    side = network.get("crop") or config["training"]["crop"] if "architecture" in network else INPUT
    halved = 4 if options.get("half_input") else 1  # the first pooling is left out
    return full * options.get("width", 1.0) ** 2 * (side / INPUT) ** 2 * halved
