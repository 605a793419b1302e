"""What a preflight found out before a study starts, with what to do about each problem."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from pipeline_lib.data.downloads import downloads, fetch_command, state

DISK_MARGIN = 1.2  # a disk should have this many times the space that is needed


@dataclass(frozen=True)
class Finding:
    """A line of the page. ``ok`` is None if there is nothing to judge; ``advice`` is for False."""

    subject: str
    ok: bool | None
    observation: str
    advice: str = ""


def disk_finding(folder: Path, needed: float | None, plan_command: str) -> Finding:
    """Compare the free space of ``folder``, or of its nearest existing parent, with GB needed.

    ``needed`` is None if the study was not planned by ``plan_command``; there is then nothing to
    compare with.
    """
    nearest = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(nearest).free / 1e9
    subject = f"disk of {folder}"
    if needed is None:
        return Finding(subject, None, f"{free:,.0f} GB free; `{plan_command}` says what is needed")
    observation = f"{free:,.0f} GB free, about {needed:,.0f} GB to be written"
    advice = "free some, or set results=DIR or scratch in slurm/site.yaml to another disk"
    return Finding(subject, free >= DISK_MARGIN * needed, observation, advice)


def gpu_finding(probe: dict, required: int) -> Finding:
    """Say which GPUs the probe job had; a job of the study asks for up to ``required``."""
    names = [f"{gpu['name']} ({gpu['bytes'] / 1e9:,.0f} GB)" for gpu in probe["gpus"]]
    if names and len(names) < required:
        observation = f"{len(names)} of {required} on {probe['host']}: {', '.join(names)}"
        return Finding("GPU", False, observation, "set training.processes to what a node has")
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


def data_findings(
    root: Path | None, keys: Sequence[str], missing: Sequence[str], left_out: Sequence[str]
) -> list[Finding]:
    """Say what of the data is there: what a run would refuse to begin without, and what it uses.

    ``missing`` are the lines that such a run would end with; ``keys`` name the data sets below
    ``root`` that it reads; ``left_out`` says which tables and figures it cannot make.
    """
    findings = [_missing(line) for line in dict.fromkeys(missing)]
    if root is not None and root.is_dir():
        findings += [
            _part(key, root) for key in keys if not _is_named(downloads()[key].name, missing)
        ]
    return findings + [Finding(*_split(line, None)) for line in left_out]


def _missing(line: str) -> Finding:
    subject, _, rest = line.partition(" at ")
    observation, _, advice = rest.rpartition(", ")
    if not observation:  # data_root itself
        subject, observation = line.split(": ", 1)
        observation, _, advice = observation.rpartition("; ")
    return Finding(subject, False, f"not found: {observation}", advice)


def _split(line: str, ok: bool | None) -> tuple[str, bool | None, str]:
    subject, _, reason = line.partition("=")
    return subject, ok, f"left out: {reason}"


def _is_named(name: str, lines: Sequence[str]) -> bool:
    return any(line.startswith(f"{name} at ") for line in lines)


def _part(key: str, root: Path) -> Finding:
    """Say how much of a data set is there; a part of one is used as it is."""
    data_set = downloads()[key]
    current = state(data_set, root)
    lacking = ", ".join(current.missing[:3])
    if not lacking:
        return Finding(data_set.name, True, str(current))
    if not current.present:
        advice = data_set.login or fetch_command(key, root)
        return Finding(data_set.name, False, f"nothing of it is there: {lacking}", advice)
    return Finding(data_set.name, None, f"{current}, which is used as it is: {lacking}")


def weights_findings(files: Mapping[str, str]) -> list[Finding]:
    """Say where a library's networks come from: the user's file by name, or "" for a download."""
    return [
        Finding(f"weights of {name}", True, file)
        if file
        else Finding(
            f"weights of {name}", None, "to be downloaded by the machine that Snakemake runs on"
        )
        for name, file in files.items()
    ]


def import_findings(probe: dict) -> list[Finding]:
    """Say which packages the probe job could not import."""
    advice = f"repair the environment of {probe['interpreter']} on {probe['host']}"
    if not probe["imports"]:
        return [Finding("packages", True, f"can be imported by {probe['interpreter']}")]
    return [Finding(name, False, problem, advice) for name, problem in probe["imports"].items()]


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


def page(study: str, probes: Sequence[dict], findings: Sequence[Finding]) -> str:
    """Return the page as Markdown: the verdict, the probes, a table of findings, the versions."""
    marks = {True: "ok", False: "NOT OK", None: "-"}
    rows = [
        (each.subject, marks[each.ok], each.observation, each.advice if each.ok is False else "")
        for each in findings
    ]
    problems = sum(each.ok is False for each in findings)
    verdict = f"{problems} problem{'s' * (problems > 1)} to solve first" if problems else "ready"
    jobs = "\n".join(f"- {_describe(probe)}" for probe in probes)
    versions = ", ".join(
        f"{name} {each or 'none'}" for name, each in probes[-1]["versions"].items()
    )
    table = tabulate(rows, ("what", "", "found", "what to do"), tablefmt="github")
    return (
        f"# Preflight of study {study}: {verdict}\n\n"
        f"Probes, each with the largest request of its kind:\n\n{jobs}\n\n"
        f"{table}\n\nIn the job: {versions}.\n"
    )


def _describe(probe: dict) -> str:
    job = f"SLURM job {probe['scheduler']}" if probe["scheduler"] else "a local job"
    return f"{job} on {probe['host']}: {probe['processors']} processors, {len(probe['gpus'])} GPUs"
