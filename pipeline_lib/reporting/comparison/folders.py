"""The folders of two runs to compare: checked, named, and the folder of what comes out."""

import re
from itertools import zip_longest
from pathlib import Path

from pipeline_lib.common.errors import InputError

_ODD = re.compile(r"[^\w.+-]+")  # also braces, wildcards to Snakemake


def require_runs(a: Path, b: Path) -> None:
    """Raise InputError unless both are folders of results with tables, and not the same one."""
    for folder in (a, b):
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; name a study's folder of results")
        if not any(tables_in(folder)):
            raise InputError(
                f"{folder}: has no tables/*.csv; name a study's folder of results with tables in it"
            )
    if a.resolve() == b.resolve():
        raise InputError(f"{a} and {b}: are the same folder; name two runs")


def tables_in(folder: Path) -> list[Path]:
    """Return the CSV files of a run's tables, by name."""
    return sorted((folder / "tables").glob("*.csv"))


def names_of(a: Path, b: Path) -> tuple[str, str]:
    """Return what to call two folders: as many of their last parts as it takes to tell them apart."""
    parts = [[part for part in folder.resolve().parts if part != "/"] for folder in (a, b)]
    backwards = zip_longest(*(reversed(each) for each in parts), fillvalue="")
    count = next((n for n, (one, other) in enumerate(backwards, 1) if one != other), 1)
    first, second = ("/".join(each[-count:]) or "/" for each in parts)
    return first, second


def output_folder(results: str, a: Path, b: Path) -> str:
    """Return the folder for the comparison of two runs in the folder ``results`` of all studies."""
    return f"{results}/compare/" + "-".join(_ODD.sub("_", name) for name in names_of(a, b))
