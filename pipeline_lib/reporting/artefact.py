"""What a table or figure of the report is: declared once, in the catalogue."""

import importlib
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar

from pipeline_lib.common.errors import InputError
from pipeline_lib.study.image_sets import PICKED
from pipeline_lib.study.study import Study

Files = dict[str, str | list[str]]


def _nothing(_study: Study) -> list:
    return []


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """A table or figure.

    ``name`` is that of its files, ``title`` the paper's, ``summary`` a line for lists, ``caption`` is
    printed with it. ``module``, below ``pipeline_lib.reporting``, makes it. ``needs`` gives the files it
    is made from by their role, ``image_sets`` the sets whose images and class names it shows.
    ``unavailable`` says why a study cannot make it, "" where it can. ``target`` is the name to ask for
    it by, if not its own; ``alias`` another one. ``extras`` are further files of the target.
    """

    name: str
    title: str
    summary: str
    caption: str
    module: str
    needs: Callable[[Study], Files]
    image_sets: Callable[[Study], list[str]] = _nothing
    unavailable: Callable[[Study], str] = lambda _study: ""
    target: str = ""
    alias: str = ""
    extras: Callable[[Study], list[str]] = _nothing

    suffixes: ClassVar[tuple[str, ...]] = ()
    folder: ClassVar[str] = ""

    def files(self, study: Study) -> list[str]:
        """Return the files that it consists of, the one that is looked at first."""
        path = getattr(study.paths, self.folder)
        return [path(self.name, suffix) for suffix in self.suffixes]

    def inputs(self, study: Study) -> Files:
        """Return all files that it is made from, by role: ``needs``, and what is known of the images."""
        sets = self.image_sets(study)
        if not sets:
            return self.needs(study)
        known = dict.fromkeys(name.removesuffix(PICKED) for name in sets)
        return self.needs(study) | {
            "images": [study.paths.manifest(name) for name in sets],
            "classes": [study.paths.manifest(name, "classes") for name in known],
        }

    def flags(self, study: Study, files: Mapping[str, str | Iterable[str]]) -> str:
        """Return the step's flags for the files by role, and for the folders of the images."""
        parts = []
        for role in self.inputs(study):
            paths = files[role] if role in files else files.get(role)
            paths = [paths] if isinstance(paths, str) else paths
            if paths:
                parts.append(f"--input {role} {shlex.join(map(str, paths))}")
        roots = [study.root(name) for name in self.image_sets(study)]
        return " ".join([*parts, f"--roots {shlex.join(roots)}" if roots else ""]).strip()

    def load(self) -> ModuleType:
        """Import the module that makes it."""
        return importlib.import_module(f"pipeline_lib.reporting.{self.module}")


@dataclass(frozen=True, kw_only=True)
class Table(Artefact):
    """A table. Its module has ``build(inputs, table, study)``, which returns ``tables.table.Built``.

    ``notes`` are sentences that depend on the study, ``absent`` says of each missing column or row,
    by its name, why it is missing.
    """

    notes: Callable[[Study], list[str]] = _nothing
    absent: Callable[[Study], dict[str, str]] = lambda _study: {}

    suffixes: ClassVar[tuple[str, ...]] = ("csv", "md", "html")
    folder: ClassVar[str] = "table"

    def flags(self, study: Study, files: Mapping[str, str | Iterable[str]]) -> str:
        """Return the flags of all artefacts, then those of notes and of what is absent."""
        parts = [super().flags(study, files)]
        parts += [f"--note {shlex.quote(note)}" for note in self.notes(study)]
        reasons = self.absent(study).items()
        parts += [f"--absent {shlex.quote(f'{name}={why}')}" for name, why in reasons]
        return " ".join(filter(None, parts))


@dataclass(frozen=True, kw_only=True)
class Figure(Artefact):
    """A figure. Its module has ``plot_from(inputs, out)``, which writes PNG, PDF and JSON."""

    suffixes: ClassVar[tuple[str, ...]] = ("png", "pdf", "json")
    folder: ClassVar[str] = "figure"


@dataclass(frozen=True)
class Target:
    """What a user asks Snakemake for: one or several artefacts, or files alone."""

    name: str
    summary: str
    artefacts: tuple[Artefact, ...] = ()
    extras: Callable[[Study], list[str]] = _nothing

    def files(self, study: Study) -> list[str]:
        """Return its files. Raises InputError, with what is missing, if the study makes none of it."""
        reasons = {each: each.unavailable(study) for each in self.artefacts}
        if self.artefacts and all(reasons.values()):
            raise InputError(f"{self.name}: {next(iter(reasons.values()))}")
        files = [each.files(study)[0] for each, reason in reasons.items() if not reason]
        return [*files, *self.extras(study)]


def registry(artefacts: Iterable[Artefact]) -> dict[str, Artefact]:
    """Return the artefacts by name. Raises ValueError for a name that two of them have."""
    by_name: dict[str, Artefact] = {}
    for artefact in artefacts:
        if artefact.name in by_name:
            raise ValueError(f"two artefacts are called {artefact.name}")
        by_name[artefact.name] = artefact
    return by_name
