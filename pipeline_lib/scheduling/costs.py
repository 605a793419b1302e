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


def rate(job: dict, workload: Workload) -> dict:
    """Return the rates that apply to a job. Raises InputError if there are none."""
    kind = f"rule {job['rule']}"
    entry = line = workload.rates["rules"].get(job["rule"])
    if entry is not None and "by" in entry:
        keys = [entry["by"]] if isinstance(entry["by"], str) else entry["by"]
        value = "/".join(workload.selector(job, key) for key in keys)
        kind += f" with {', '.join(keys)} {value}"
        line = entry.get(value, entry.get(OTHER))
    if line is None:
        raise InputError(f"{RATES}: has no rates of {kind}; add a line with what such a job takes")
    return {key: entry[key] for key in ("set", "source") if key in entry} | line


def cost(job: dict, workload: Workload) -> Cost:
    """Return the cost of a job, a record of `scheduling.graph`.

    A job without outputs is a target and costs nothing. On a GPU the network runs while the cores
    decode images; the slower of the two decides how long the job holds both.
    """
    if not job["outputs"]:
        return Cost()
    line = rate(job, workload)
    amounts = workload.quantities(job, line.get("set", []))

    def sum_of(key: str) -> float:
        return sum(each * amounts[unit] for unit, each in line.get(key, {}).items())

    gpu, cpu = 0.0, sum_of("cpu")
    speed = workload.rates["speed"][workload.device]["rate"]
    network = line.get("passes", 0) * amounts["GFLOP"] / speed
    if network and workload.device == "gpu":
        devices = workload.training_devices if job["rule"] == "train" else 1
        seconds = max(network / devices, cpu / job["threads"])
        gpu, cpu = seconds * devices, seconds * job["threads"]
    else:
        cpu += network
    return Cost(1, gpu, cpu, sum_of("disk"), sum_of("scratch"))


def total(costs: Iterable[Cost]) -> Cost:
    """Return the sum of costs."""
    return sum(costs, Cost())
