"""Putting the page together from its sections."""

import importlib
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from markupsafe import Markup

from pipeline_lib.common.files import read_json
from pipeline_lib.reporting.claims.claim import STATES
from pipeline_lib.reporting.page import claims as claims_on_page
from pipeline_lib.reporting.page import verdict as verdicts
from pipeline_lib.reporting.page.anchors import anchor
from pipeline_lib.reporting.page.claims import PageClaim, read_page_claims
from pipeline_lib.reporting.page.embedding import as_json
from pipeline_lib.reporting.page.figures import read_page_figures
from pipeline_lib.reporting.page.graph import draw_steps
from pipeline_lib.reporting.page.provenance import Provenance, read_provenance
from pipeline_lib.reporting.page.tables import (
    CLOSE,
    CLOSE_POINTS,
    FAR,
    SIGNS,
    WITHIN,
    PageTable,
    read_page_table,
)
from pipeline_lib.reporting.tables.render import TEMPLATES, template

STUDIES = {
    "mini": "A synthetic world and small networks trained from scratch: it shows that the whole "
    "pipeline works and what the paper claims, not the paper's numbers.",
    "small": "Real images and ready-trained networks that are not the paper's: compare with its "
    "numbers in kind, not in value.",
    "paper": "The paper's data and networks at full size.",
}
CLASSES = dict(zip(STATES, ("holds", "fails", "undecided", "missing"), strict=True))
NEARNESS = {WITHIN: "within", CLOSE: "close", FAR: "far"}
MOST_JOBS = 60  # of a step, on the page
# Sections whose data a step of their own makes, by the name of the data: module and title.
MADE_BY_STEPS = {
    "explorer": ("explorer", "Explorer"),
    "errors": ("errors", "Errors"),
    "units": ("units", "Units"),
    "units-places205": ("units", "Units of Places205"),
    "concepts": ("concepts", "Concepts"),
}


class Section(NamedTuple):
    """A part of the page: the name of its link, its title, its content.

    ``is_whole``: the content is a <section> with a heading already.
    """

    name: str
    title: str
    content: Markup
    is_whole: bool = False


@dataclass(frozen=True)
class Contents:
    """The files that the page is made of, and what it says of the study.

    ``tables`` are .json, ``figures`` .png, ``data`` the .json of MADE_BY_STEPS by name.
    ``configuration`` is that of the study, ``own`` what the study's file says. ``left_out`` gives the
    reason of each table and figure that is not there, by its title, and ``commands`` what makes it.
    """

    study: str
    results: Path
    out: Path
    tables: Sequence[Path] = ()
    figures: Sequence[Path] = ()
    claims: Path | None = None
    data: Mapping[str, Path] = field(default_factory=dict)
    configuration: Mapping = field(default_factory=dict)
    own: Mapping = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    warning: str = ""


def render_page(contents: Contents) -> str:
    """Return the page. Raises InputError for a file that is missing or damaged, by its path."""
    tables = [read_page_table(path) for path in contents.tables]
    claims = read_page_claims(contents.claims) if contents.claims else []
    provenance = read_provenance(contents.results, contents.configuration, contents.own)
    made = dict.fromkeys(MADE_BY_STEPS[name][0] for name in MADE_BY_STEPS if name in contents.data)
    modules = [_module(name) for name in made]
    return template("page.html.j2").render(
        study=contents.study,
        introduction=STUDIES.get(contents.study, ""),
        warning=contents.warning,
        sections=list(_sections(contents, tables, claims, provenance)),
        commit=provenance.commit,
        css=_texts(TEMPLATES / "page.css", *(each for m in modules for each in m.STYLES)),
        javascript=_texts(TEMPLATES / "page.js", *(each for m in modules for each in m.SCRIPTS)),
        evidence=as_json(_evidence(contents, tables, provenance)),
    )


def _sections(
    contents: Contents,
    tables: Sequence[PageTable],
    claims: Sequence[PageClaim],
    provenance: Provenance,
) -> Iterator[Section]:
    figures = read_page_figures(contents.figures)
    verdict = verdicts.make_verdict(
        contents.study, claims, tables, figures, contents.left_out, provenance, contents.warning
    )
    folders = {
        kind: os.path.relpath(paths[0].parent, contents.out.parent) if paths else ""
        for kind, paths in (("tables", contents.tables), ("figures", contents.figures))
    }
    common = {
        "classes": CLASSES | NEARNESS,
        "signs": claims_on_page.SIGNS,
        "near_signs": SIGNS,
        "comparable": verdict.is_comparable,
        "anchor": anchor,
        "folders": folders,
    }

    def part(name: str, title: str, **values: object) -> Section:
        return Section(name, title, Markup(template(f"{name}.html.j2").render(common | values)))

    yield part(
        "verdict", "Verdict", verdict=verdict, within=WITHIN, close=CLOSE, far=FAR,
        commands=contents.commands,
    )  # fmt: skip
    if claims:
        yield part(
            "claims", "Claims", claims=claims, synthetic="world.seed" in provenance.configuration
        )
    if tables:
        yield part(
            "tables", "Tables", tables=tables, number=_number, close_points=CLOSE_POINTS,
            near=lambda path: _from_results(contents, path),
        )  # fmt: skip
    for name, (module, title) in MADE_BY_STEPS.items():
        if name in contents.data:
            content = _module(module).section(read_json(contents.data[name]))
            yield Section(name, title, content, is_whole=True)
    if figures:
        yield part("figures", "Figures", figures=figures)
    seeds = [
        f"{key} {value}"
        for key, value in provenance.configuration.items()
        if key.rpartition(".")[2] == "seed"
    ]
    yield part(
        "provenance", "Provenance", provenance=provenance, seeds=", ".join(seeds), most=MOST_JOBS,
        graph=draw_steps(provenance.steps),
    )  # fmt: skip


def _evidence(
    contents: Contents, tables: Sequence[PageTable], provenance: Provenance
) -> dict[str, dict]:
    """Return the log and the command of each file of scores, by its path in the folder of results."""
    jobs = provenance.jobs_by_output()
    files = {_from_results(contents, cell.scores) for table in tables for cell in table.cells()}
    return {
        path: {"log": jobs[path].log, "command": jobs[path].command}
        for path in sorted(files)
        if path in jobs
    }


def _from_results(contents: Contents, path: str) -> str:
    """Return the path of a table's source in the folder of results; "" stays."""
    if not path:
        return ""
    return os.path.relpath(contents.tables[0].parent / path, contents.results)


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"


def _module(name: str) -> ModuleType:
    """Return the module of a section: it has ``section(data)``, STYLES and SCRIPTS."""
    return importlib.import_module(f"pipeline_lib.reporting.page.{name}")


def _texts(*files: Path) -> Markup:
    return Markup("\n".join(path.read_text(encoding="utf-8") for path in dict.fromkeys(files)))
