"""What a preflight found out before a study starts, with what to do about each problem."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

DISK_MARGIN = 1.2  # a disk should have this many times the space that is needed


@dataclass(frozen=True)
class Finding:
    """A line of the page. ``ok`` is None if there is nothing to judge; ``advice`` is for False."""

    subject: str
    ok: bool | None
    observation: str
    advice: str = ""


def disk_finding(folder: Path, needed: float | None) -> Finding:
    """Compare the free space of ``folder``, or of its nearest existing parent, with GB needed.

    ``needed`` is None if the study was not planned; there is then nothing to compare with.
    """
    nearest = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(nearest).free / 1e9
    subject = f"disk of {folder}"
    if needed is None:
        return Finding(subject, None, f"{free:,.0f} GB free; `snakemake plan` says what is needed")
    observation = f"{free:,.0f} GB free, about {needed:,.0f} GB to be written"
    advice = "free some, or set results=DIR or scratch in slurm/site.yaml to another disk"
    return Finding(subject, free >= DISK_MARGIN * needed, observation, advice)


def gpu_finding(probe: dict, required: bool) -> Finding:
    """Say which GPUs the probe job had."""
    names = [f"{gpu['name']} ({gpu['bytes'] / 1e9:,.0f} GB)" for gpu in probe["gpus"]]
    if names:
        warning = "" if probe["bfloat16"] else "; no bfloat16: set training.recipe.precision"
        return Finding("GPU", True, f"{', '.join(names)}, CUDA {probe['cuda']}{warning}")
    if not required:
        return Finding("GPU", None, "none, and the study needs none")
    advice = (
        "set gpu_partition, gpu_type or gpu_request in slurm/site.yaml"
        if probe["cuda"]
        else "install the CUDA build of PyTorch"
    )
    return Finding("GPU", False, f"none on {probe['host']}", advice)


def folder_findings(probe: dict) -> list[Finding]:
    """Say whether the probe job saw the folders that the login node sees."""
    advice = "put it on a file system that all nodes share"
    return [
        Finding(folder, exists, "visible to jobs" if exists else "not visible to jobs", advice)
        for folder, exists in probe["folders"].items()
    ]


def version_finding(here: dict[str, str], in_job: dict[str, str]) -> Finding:
    """Compare the installed versions here with those in the job."""
    differences = [
        f"{name} {version or 'none'} here, {in_job.get(name) or 'none'} in the job"
        for name, version in here.items()
        if version != in_job.get(name)
    ]
    observation = "; ".join(differences) or "the same here and in the job"
    advice = "activate the same environment in jobs"
    return Finding("versions", not differences, observation, advice)


def page(study: str, probe: dict, findings: Sequence[Finding]) -> str:
    """Return the page as Markdown: the verdict, a table of findings, the versions."""
    marks = {True: "ok", False: "NOT OK", None: "-"}
    rows = [
        (each.subject, marks[each.ok], each.observation, each.advice if each.ok is False else "")
        for each in findings
    ]
    problems = sum(each.ok is False for each in findings)
    verdict = f"{problems} problem{'s' * (problems > 1)} to solve first" if problems else "ready"
    job = f"SLURM job {probe['scheduler']}" if probe["scheduler"] else "a local job"
    versions = ", ".join(f"{name} {each or 'none'}" for name, each in probe["versions"].items())
    table = tabulate(rows, ("what", "", "found", "what to do"), tablefmt="github")
    return (
        f"# Preflight of study {study}: {verdict}\n\n"
        f"The probe was {job} on {probe['host']}, {probe['processors']} processors.\n\n"
        f"{table}\n\nIn the job: {versions}.\n"
    )
