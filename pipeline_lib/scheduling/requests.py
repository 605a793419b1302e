"""What the jobs of a study ask of a scheduler."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

SIZES = ("mem_mb", "runtime")  # MB, minutes


def largest_request(rules: Iterable[Any], files: Iterable[str], with_gpu: bool) -> dict[str, int]:
    """Return the largest number of ``threads``, ``mem_mb`` and ``runtime`` that a job asks for.

    ``rules`` are those of Snakemake's whose jobs are submitted, ``files`` all that the study makes.
    Jobs with a GPU and those without go to different nodes, so each kind has its own largest. A size
    that none of them states is left out.
    """
    files = list(files)
    largest: dict[str, int] = {}
    in_group: dict[str, int] = defaultdict(int)
    for rule in rules:
        is_of_gpu = "gpu" in rule.resources or "gres" in rule.resources
        if is_of_gpu != with_gpu or not any(map(rule.is_producer, files)):
            continue
        request = {"threads": _first(rule, "_cores")}
        request |= {size: _first(rule, size) for size in SIZES if size in rule.resources}
        if rule.group and "runtime" in request:  # one after the other
            in_group[rule.group] += request["runtime"]
            request["runtime"] = in_group[rule.group]
        for name, amount in request.items():
            largest[name] = max(amount, largest.get(name, 0))
    return largest


def _first(rule: Any, name: str) -> int:
    """Return what a rule asks for at its first attempt."""
    resource = rule.resources[name]
    if not resource.is_evaluable():
        return resource.value
    given = {"input": [], "attempt": 1, "threads": 1, "rulename": rule.name, "async_run": None}
    return resource.evaluate({}, **given).value
