"""Tables and figures of what a study has so far; of what is missing they say why."""

from collections.abc import Callable
from pathlib import Path

from pipeline_lib.common.errors import InputError
from pipeline_lib.reporting.artefact import Artefact, Figure, Files, Table
from pipeline_lib.reporting.inputs import Inputs
from pipeline_lib.reporting.tables.make import make_table
from pipeline_lib.reporting.tables.transfer import CROPS
from pipeline_lib.study.image_sets import BIRDS
from pipeline_lib.study.study import Study

_DESCRIPTIONS = ("cards", "summaries")  # roles that make no cell by themselves
_SO_FAR = "So far: cells whose jobs have failed or not run yet are empty."
Why = Callable[[str], str]  # the reason why a file is not there, "" if it is


def make_table_so_far(table: Table, study: Study, why: Why, out: Path) -> None:
    """Make a table of the files that are there; a cell without its scores says ``why``.

    Raises InputError, ``why``, where a file is missing that the table cannot do without.
    """
    files, missing = _split(table, study, why)
    absent = dict(table.absent(study))
    for path in missing:
        absent |= dict.fromkeys(rows_of(study, path), why(path))
    notes = [*table.notes(study), *[_SO_FAR] * bool(missing)]
    inputs = Inputs(table.name, _paths(files), notes=notes, absent=absent)
    make_table(table, inputs, study.name, out, out.parent.parent / "sources" / out.name)


def plot_figure_so_far(figure: Figure, study: Study, why: Why, out: Path) -> None:
    """Plot a figure of the files that are there. Raises InputError, ``why``, if one is missing."""
    files, _ = _split(figure, study, why)
    roots = [study.root(name) for name in figure.image_sets(study)]
    figure.load().plot_from(Inputs(figure.name, _paths(files), roots), out)


def rows_of(study: Study, path: str) -> list[str]:
    """Return the names by which tables know what a file of scores is about, the narrowest first.

    A network's label; for SVMs "SUN397, AlexNet", and for birds the row.
    """
    stem = Path(path).stem
    label = study.networks[stem].label if stem in study.networks else stem
    for image_set, crop, network in study.fitted:
        if path == study.paths.svm(image_set, crop, network, "csv"):
            if image_set == BIRDS:
                return [f"{label} {CROPS[crop]}"]
            return [f"{study.image_sets[image_set].title}, {label}"]
    return [label]


def _split(artefact: Artefact, study: Study, why: Why) -> tuple[Files, list[str]]:
    """Return the input files that are there, by role, and those missing that it can do without."""
    files, missing = {}, []
    for role, paths in artefact.inputs(study).items():
        paths = [paths] if isinstance(paths, str) else paths
        files[role] = [path for path in paths if not why(path)]
        lost = [path for path in paths if path not in files[role]]
        nothing_left = len(paths) > 1 and not files[role]
        if lost and (role not in artefact.partial or nothing_left):
            raise InputError(why(lost[0]))
        missing += lost
    numbers = [role for role in artefact.partial if role not in _DESCRIPTIONS]
    if missing and not any(files.get(role) for role in numbers):
        raise InputError(why(missing[0]))
    return files, missing


def _paths(files: Files) -> dict[str, list[Path]]:
    return {role: list(map(Path, paths)) for role, paths in files.items()}
