"""What jobs cost: how much there is to do, times the rates of ``rates.yaml``."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from importlib.resources import files

import yaml

from pipeline_lib.common.errors import InputError
from pipeline_lib.scheduling.quantities import Study

RATES = files("pipeline_lib.scheduling").joinpath("rates.yaml")


@dataclass(frozen=True)
class Cost:
    """What jobs take: seconds of a GPU and of a CPU core, bytes that stay and bytes for a while.

    A GPU and a job's cores count as long as the job holds them. ``scratch`` is the most that the jobs
    can need at once: if all of them run side by side.
    """

    jobs: int = 0
    gpu: float = 0.0
    cpu: float = 0.0
    written: float = 0.0
    scratch: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


def read_rates() -> dict:
    """Return what ``rates.yaml`` holds."""
    return yaml.safe_load(RATES.read_text(encoding="utf-8"))


def line_of(job: dict, rates: dict) -> dict:
    """Return the line of the rates that a job falls under. Raises InputError where there is none."""
    rule = job["rule"]
    line = rates["rules"].get(rule)
    kind = f"rule {rule}"
    if line is not None and "by" in line:
        value = job["wildcards"][line["by"]]
        kind, line = f"rule {rule} of {line['by']} {value}", line.get(value)
    if line is None:
        raise InputError(f"{RATES}: says nothing of {kind}; add a line of what such a job takes")
    return line


def cost(job: dict, study: Study) -> Cost:
    """Return what a job costs, a record of `scheduling.graph`.

    A job without outputs stands for others and costs nothing. Beside a GPU the cores decode images;
    the slower of the two decides how long both are held.
    """
    if not job["outputs"]:
        return Cost()
    line = line_of(job, study.known)
    found = study.quantities(job, line.get("set", []))

    def total(key: str) -> float:
        return sum(rate * found[unit] for unit, rate in line.get(key, {}).items())

    gpu, cpu = 0.0, total("cpu")
    network = line.get("passes", 0) * found["GFLOP"] / study.known["speed"][study.device]["rate"]
    if network and study.device == "gpu":
        devices = study.devices if job["rule"] == "train" else 1
        lasts = max(network / devices, cpu / job["threads"])
        gpu, cpu = lasts * devices, lasts * job["threads"]
    else:
        cpu += network
    return Cost(1, gpu, cpu, total("disk"), total("scratch"))


def total(costs: Iterable[Cost]) -> Cost:
    """Return what they cost together."""
    return sum(costs, Cost())
