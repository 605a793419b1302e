"""What jobs cost: their amount of work times the rates of ``rates.yaml``."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from importlib.resources import files

import yaml

from pipeline_lib.common.errors import InputError
from pipeline_lib.scheduling.workload import Workload

RATES = files("pipeline_lib.scheduling").joinpath("rates.yaml")
OTHER = "other"  # the line for all values that have no line of their own


@dataclass(frozen=True)
class Cost:
    """What jobs take: seconds of a GPU, seconds of a CPU core, bytes written, bytes of scratch.

    A GPU and a job's cores count for as long as the job holds them. ``scratch`` is the maximum at one
    time, which is reached if all jobs run side by side.
    """

    jobs: int = 0
    gpu: float = 0.0
    cpu: float = 0.0
    written: float = 0.0
    scratch: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


def read_rates() -> dict:
    """Return the content of ``rates.yaml``."""
    return yaml.safe_load(RATES.read_text(encoding="utf-8"))


def kind(job: dict, workload: Workload) -> str:
    """Return the rule of a job, and after a blank the value that chooses among its rates, if any."""
    entry = workload.rates["rules"].get(job["rule"], {})
    if "by" not in entry:
        return job["rule"]
    keys = [entry["by"]] if isinstance(entry["by"], str) else entry["by"]
    return f"{job['rule']} {'/'.join(workload.selector(job, key) for key in keys)}"


def rate(job: dict, workload: Workload) -> dict:
    """Return the rates that apply to a job. Raises InputError if there are none."""
    rule, _, value = kind(job, workload).partition(" ")
    entry = line = workload.rates["rules"].get(rule)
    if value:
        line = entry.get(value, entry.get(OTHER))
    if line is None:
        keys = entry["by"] if value else ""
        named = (
            f" with {keys if isinstance(keys, str) else ', '.join(keys)} {value}" if value else ""
        )
        raise InputError(
            f"{RATES}: has no rates of rule {rule}{named}; add a line with what such a job takes"
        )
    return {key: entry[key] for key in ("set", "source") if key in entry} | line


def cost(job: dict, workload: Workload, at_best: bool = False) -> Cost:
    """Return the cost of a job, a record of `scheduling.graph`, at the worst speed or ``at_best``.

    A job without outputs is a target and costs nothing. On a GPU the network runs while the cores
    decode images; the slower of the two decides how long the job holds both. What was measured of its
    kind goes over the rates.
    """
    if not job["outputs"]:
        return Cost()
    line = rate(job, workload)
    amounts = workload.quantities(job, line.get("set", []))

    def sum_of(key: str) -> float:
        return sum(each * amounts[unit] for unit, each in line.get(key, {}).items())

    factor = workload.measured.get(kind(job, workload))
    gpu, cpu = 0.0, sum_of("cpu")
    if passes := line.get("passes", 0):
        speed = workload.speeds(job)[at_best and factor is None]
        network = passes * amounts["GFLOP"] / speed
        if workload.device == "gpu":
            devices = _devices(job, workload)
            seconds = max(network / devices, cpu / job["threads"])
            gpu, cpu = seconds * devices, seconds * job["threads"]
        else:
            cpu += network
    factor = 1.0 if factor is None else factor
    return Cost(1, gpu * factor, cpu * factor, sum_of("disk"), sum_of("scratch"))


def seconds(job: dict, workload: Workload) -> float:
    """Return how long a job takes at the worst speed."""
    each = cost(job, workload)
    return max(each.gpu / _devices(job, workload), each.cpu / max(1, job["threads"] or 1))


def _devices(job: dict, workload: Workload) -> int:
    return workload.training_devices if job["rule"] == "train" else 1


def total(costs: Iterable[Cost]) -> Cost:
    """Return the sum of costs."""
    return sum(costs, Cost())
