"""What a look around before a study came to, each finding with what to do about it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

TIGHT = 1.2  # a disk should have this many times the room that is needed


@dataclass(frozen=True)
class Finding:
    """``fine`` is None where there is nothing to judge; ``advice`` is what to do where it is not."""

    what: str
    fine: bool | None
    seen: str
    advice: str = ""


def disk(folder: Path, needed: float | None) -> Finding:
    """Compare the room in ``folder``, or in the nearest one above it that is there, with GB needed.

    Where nobody has planned, there is nothing to compare with.
    """
    there = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(there).free / 1e9
    if needed is None:
        return Finding(
            f"disk of {folder}", None, f"{free:,.0f} GB free; snakemake plan says what for"
        )
    seen = f"{free:,.0f} GB free, about {needed:,.0f} GB to be written"
    advice = "free some, or set results=DIR or scratch in slurm/site.yaml to another disk"
    return Finding(f"disk of {folder}", free >= TIGHT * needed, seen, advice)


def gpus(probe: dict, wanted: bool) -> Finding:
    """Say which GPUs the probe job saw."""
    names = [f"{gpu['name']} ({gpu['bytes'] / 1e9:,.0f} GB)" for gpu in probe["gpus"]]
    if names:
        exact = "" if probe["bfloat16"] else "; no bfloat16: set training.recipe.precision"
        return Finding("GPU", True, f"{', '.join(names)}, CUDA {probe['cuda']}{exact}")
    if not wanted:
        return Finding("GPU", None, "none, and the study asks for none")
    advice = (
        "set gpu_partition, gpu_type or gpu_request in slurm/site.yaml"
        if probe["cuda"]
        else "install the CUDA build of PyTorch"
    )
    return Finding("GPU", False, f"none on {probe['host']}", advice)


def seen_folders(probe: dict) -> list[Finding]:
    """Say whether the job saw the folders that the login node sees."""
    advice = "put it on a file system that all nodes share"
    return [
        Finding(
            folder, seen["there"], "seen by jobs" if seen["there"] else "not seen by jobs", advice
        )
        for folder, seen in probe["folders"].items()
    ]


def same_versions(here: dict[str, str], there: dict[str, str]) -> Finding:
    """Compare the versions here with the job's."""
    differ = [f"{name} {here[name] or 'none'} here, {there.get(name) or 'none'} in the job"
              for name in here if here[name] != there.get(name)]  # fmt: skip
    seen = "; ".join(differ) or "the same here and in the job"
    return Finding("versions", not differ, seen, "activate the same environment in jobs")


def page(study: str, probe: dict, findings: list[Finding]) -> str:
    """Return the page, Markdown: the verdict, a table, the versions."""
    marks = {True: "ok", False: "NOT OK", None: "-"}
    rows = [
        (one.what, marks[one.fine], one.seen, one.advice if one.fine is False else "")
        for one in findings
    ]
    problems = sum(one.fine is False for one in findings)
    verdict = "ready" if not problems else f"{problems} to be settled first"
    job = f"SLURM job {probe['scheduler']}" if probe["scheduler"] else "a local job"
    installed = ", ".join(f"{name} {one or 'none'}" for name, one in probe["versions"].items())
    table = tabulate(rows, ("what", "", "seen", "what to do"), tablefmt="github")
    return (
        f"# Preflight of study {study}: {verdict}\n\n"
        f"The probe was {job} on {probe['host']}, {probe['processors']} processors.\n\n"
        f"{table}\n\nIn the job: {installed}.\n"
    )
