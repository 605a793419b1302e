"""A run as a Workflow Run RO-Crate: a folder to publish, with the workflow, its inputs and results."""

import io
import json
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
CODE = "cam-reproduction"
LICENCE = "https://spdx.org/licenses/MIT"
PAPER = "https://doi.org/10.1109/CVPR.2016.319"
TITLE = "Learning Deep Features for Discriminative Localization"


@dataclass(frozen=True)
class CrateFiles:
    """What goes into a crate: files below ``results``, and the folder ``workflow`` of the Snakefile.

    ``inputs`` are the summaries of image sets, ``outputs`` what the study made of them.
    """

    results: Path
    workflow: Path
    inputs: Sequence[Path]
    outputs: Sequence[Path]


def write_crate(
    study: str, configuration: Mapping, files: CrateFiles, versions: Mapping[str, str], out: Path
) -> None:
    """Write the crate into the folder ``out``; the files in it are copies.

    ``versions`` are of the software by name, this workflow's own under CODE. Raises InputError for a
    file that is missing.
    """
    every = [*files.inputs, *files.outputs]
    for path in every:
        if not path.exists():
            raise InputError(f"{path}: not found; run the study before its crate is written")
    crate = ROCrate(version="1.1")
    begun, ended = _span(every)
    crate.name = f"{study}: class activation maps, the paper reproduced"
    crate.description = (
        f"Results of a workflow that reproduces '{TITLE}' (CVPR 2016), study {study}: tables, "
        "figures, page, the networks' cards."
    )
    crate.datePublished = datetime.now(UTC)
    crate.root_dataset["license"] = _licence(crate)
    crate.root_dataset["conformsTo"] = [_profile(crate, address) for address in PROFILES]
    workflow = _workflow(crate, files.workflow, versions)
    settings = crate.add_file(
        _as_stream(configuration),
        "configuration.json",
        properties={
            "name": "configuration",
            "description": "Every key of the study's configuration.",
            "encodingFormat": "application/json",
        },
    )
    summaries = [_file(crate, path, files.results, _summary(path)) for path in files.inputs]
    results = [_file(crate, path, files.results) for path in files.outputs]
    run = crate.add_action(
        workflow,
        object=[settings, *summaries],
        result=results,
        properties={
            "name": f"Run of study {study}",
            "description": "Begun with its first file and ended with its last.",
            "startTime": begun.isoformat(timespec="seconds"),
            "endTime": ended.isoformat(timespec="seconds"),
            "actionStatus": "http://schema.org/CompletedActionStatus",
        },
    )
    crate.root_dataset["mentions"] = run
    crate.add_file(
        io.StringIO(f"# {crate.name}\n\n{crate.description}\n\nThe page: report/index.html\n"),
        "README.md",
        properties={"encodingFormat": "text/markdown", "about": crate.root_dataset},
    )
    crate.write(out)


def _workflow(crate: ROCrate, folder: Path, versions: Mapping[str, str]) -> ContextEntity:
    """Add the Snakefile and all files beside it; return the crate's main entity."""
    workflow = crate.add_workflow(
        folder / "Snakefile",
        "workflow/Snakefile",
        main=True,
        lang="snakemake",
        lang_version=versions.get("snakemake") or None,
        properties={
            "name": CODE,
            "version": versions[CODE],
            "license": {"@id": LICENCE},
            "encodingFormat": "text/x-snakemake",
        },
    )
    parts = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    parts = [path for path in parts if path.name != "Snakefile" and "__pycache__" not in path.parts]
    workflow["hasPart"] = [_file(crate, path, folder.parent) for path in parts]
    paper = {
        "@type": "ScholarlyArticle",
        "name": "Learning Deep Features for Discriminative Localization",
    }
    workflow["citation"] = crate.add(ContextEntity(crate, PAPER, properties=paper))
    workflow["softwareRequirements"] = [
        crate.add(
            ContextEntity(
                crate,
                f"#{name}",
                properties={
                    "@type": "SoftwareApplication",
                    "name": name,
                    "softwareVersion": number,
                },
            )
        )
        for name, number in versions.items()
        if number and name != CODE
    ]
    return workflow


def _file(
    crate: ROCrate, path: Path, folder: Path, properties: Mapping | None = None
) -> ContextEntity:
    """Add a copy of a file or folder under its path below ``folder``."""
    place = str(path.relative_to(folder))
    described = {"name": place, **(properties or {})}
    if path.is_dir():
        return crate.add_dataset(path, place, properties=described)
    described["encodingFormat"] = mimetypes.guess_type(path.name)[0] or "text/plain"
    return crate.add_file(path, place, properties=described, record_size=True)


def _summary(path: Path) -> dict[str, str]:
    """Return how to describe the summary of an image set."""
    summary = read_json(path)
    text = " ".join([f"{summary['found']} images.", *summary.get("notes", [])])
    return {"name": f"image set {summary['data_set']}", "description": text}


def _profile(crate: ROCrate, address: str) -> ContextEntity:
    name, version = PROFILES[address]
    properties = {"@type": "CreativeWork", "name": name, "version": version}
    return crate.add(ContextEntity(crate, address, properties=properties))


def _licence(crate: ROCrate) -> ContextEntity:
    properties = {
        "@type": "CreativeWork",
        "name": "MIT License",
        "description": "Of the workflow and its results; pictures from data sets keep their own.",
    }
    return crate.add(ContextEntity(crate, LICENCE, properties=properties))


def _as_stream(values: Mapping) -> io.StringIO:
    return io.StringIO(json.dumps(values, indent=2))


def _span(paths: Sequence[Path]) -> tuple[datetime, datetime]:
    """Return when the first and the last of the files were written."""
    times = [path.stat().st_mtime for path in paths]
    return datetime.fromtimestamp(min(times), UTC), datetime.fromtimestamp(max(times), UTC)
