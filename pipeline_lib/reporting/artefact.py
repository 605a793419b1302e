"""The types of the catalogue's entries: tables, figures, and targets of the workflow."""

import importlib
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar

from pipeline_lib.common.errors import InputError
from pipeline_lib.study.image_sets import whole_set
from pipeline_lib.study.study import Study

Files = dict[str, str | list[str]]


def _nothing(_study: Study) -> list:
    return []


def _no_reason(_study: Study) -> str:
    return ""


def _none_absent(_study: Study) -> dict[str, str]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """A table or figure.

    ``name`` is the name of its files, ``title`` its heading, ``summary`` a line for lists, ``caption``
    the text printed with it. ``module``, in ``pipeline_lib.reporting``, makes it. ``needs`` returns its
    input files by role, ``image_sets`` the sets whose images and class names it shows. ``unavailable``
    returns the reason why a study cannot make it, "" if it can. ``partial`` are the roles of which
    files may be missing where it shows what a study has so far. ``target`` is the name of its target,
    by default its own, ``alias`` a second name. ``extras`` returns further files of the target.
    """

    name: str
    title: str
    summary: str
    caption: str
    module: str
    needs: Callable[[Study], Files]
    image_sets: Callable[[Study], list[str]] = _nothing
    unavailable: Callable[[Study], str] = _no_reason
    partial: tuple[str, ...] = ()
    target: str = ""
    alias: str = ""
    extras: Callable[[Study], list[str]] = _nothing

    suffixes: ClassVar[tuple[str, ...]] = ()
    folder: ClassVar[str] = ""

    def files(self, study: Study) -> list[str]:
        """Return its files, the one that people open first."""
        path = getattr(study.paths, self.folder)
        return [path(self.name, suffix) for suffix in self.suffixes]

    def inputs(self, study: Study) -> Files:
        """Return all input files by role: ``needs``, and the manifests of images and classes."""
        sets = self.image_sets(study)
        if not sets:
            return self.needs(study)
        labelled = dict.fromkeys(whole_set(name) for name in sets)
        return self.needs(study) | {
            "images": [study.paths.manifest(name) for name in sets],
            "classes": [study.paths.manifest(name, "classes") for name in labelled],
        }

    def flags(self, study: Study, files: Mapping[str, str | Iterable[str]]) -> str:
        """Return the step's flags: the files by role, and the folders of the images."""
        words = []
        for role in self.inputs(study):
            paths = files.get(role)
            paths = [paths] if isinstance(paths, str) else paths
            if paths:
                words += ["--input", role, *map(str, paths)]
        if roots := [study.root(name) for name in self.image_sets(study)]:
            words += ["--roots", *roots]
        return shlex.join(words)

    def load(self) -> ModuleType:
        """Import the module that makes it."""
        return importlib.import_module(f"pipeline_lib.reporting.{self.module}")


@dataclass(frozen=True, kw_only=True)
class Table(Artefact):
    """A table. Its module has ``build(inputs, table, study)``, which returns ``tables.table.Built``.

    ``notes`` returns sentences that depend on the study, ``absent`` the reason of each missing row or
    column by its name. ``printed`` says whose numbers stand beside ours.
    """

    notes: Callable[[Study], list[str]] = _nothing
    absent: Callable[[Study], Mapping[str, str]] = _none_absent
    printed: str = "paper"

    suffixes: ClassVar[tuple[str, ...]] = ("csv", "json", "md", "html")
    folder: ClassVar[str] = "table"

    def files(self, study: Study) -> list[str]:
        """Return its files, the CSV first."""
        return [*super().files(study), study.paths.sources(self.name)]

    def remarks(self, study: Study) -> str:
        """Return the step's flags with the notes and the reasons of what is absent."""
        notes = [*filter(None, [study.configuration.warning]), *self.notes(study)]
        words = [word for note in notes for word in ("--note", note)]
        for name, reason in self.absent(study).items():
            words += ["--absent", f"{name}={reason}"]
        return shlex.join(words)


@dataclass(frozen=True, kw_only=True)
class Figure(Artefact):
    """A figure. Its module has ``plot_from(inputs, out)``, which writes PNG, PDF and JSON."""

    suffixes: ClassVar[tuple[str, ...]] = ("png", "pdf", "json")
    folder: ClassVar[str] = "figure"


@dataclass(frozen=True)
class Target:
    """A target of the workflow: one or several artefacts and further files.

    ``alias_of`` is the name of the target that makes the same files, "" unless this is an alias.
    """

    name: str
    summary: str
    artefacts: tuple[Artefact, ...] = ()
    extras: Callable[[Study], list[str]] = _nothing
    alias_of: str = ""

    def unavailable(self, study: Study) -> str:
        """Return the reason why a study can make none of the artefacts, "" if it can make one."""
        reasons = [artefact.unavailable(study) for artefact in self.artefacts]
        return reasons[0] if reasons and all(reasons) else ""

    def files(self, study: Study) -> list[str]:
        """Return its files. Raises InputError, with the reason, where the target is unavailable."""
        if reason := self.unavailable(study):
            raise InputError(f"{self.name}: {reason}")
        files = [each.files(study)[0] for each in self.artefacts if not each.unavailable(study)]
        return [*files, *self.extras(study)]


def registry(artefacts: Iterable[Artefact]) -> dict[str, Artefact]:
    """Return the artefacts by name. Raises ValueError for a name that occurs twice."""
    by_name: dict[str, Artefact] = {}
    for artefact in artefacts:
        if artefact.name in by_name:
            raise ValueError(f"two artefacts are called {artefact.name}")
        by_name[artefact.name] = artefact
    return by_name
