"""The page: every table and figure of a study in one HTML file, which needs no other file."""

import base64
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from markupsafe import Markup

from pipeline_lib.common.errors import InputError
from pipeline_lib.reporting.catalogue import FIGURES
from pipeline_lib.reporting.tables.render import template

STUDIES = {
    "mini": "A synthetic world and small networks trained from scratch: it shows that the whole "
    "pipeline works and what the paper claims, not the paper's numbers.",
    "small": "Real images and ready-trained networks that are not the paper's: compare with its "
    "numbers in kind, not in value.",
    "paper": "The paper's data and networks at full size.",
}
PACKAGES = ("torch", "torchvision", "timm", "numpy", "opencv-python-headless", "snakemake")


def render_page(
    study: str,
    tables: Sequence[Path],
    figures: Sequence[Path],
    left_out: Mapping[str, str] | None = None,
    *,
    warning: str = "",
) -> str:
    """Return the page for table fragments (.html, written by ``tabulate``) and figures (.png).

    ``left_out`` gives the reason of each table and figure that is not there, by its title. A ``warning``
    stands above them all. Raises InputError for a file that does not exist and for a figure that is not
    in the catalogue.
    """
    return template("page.html.j2").render(
        study=study,
        introduction=STUDIES.get(study, ""),
        warning=warning,
        tables=[(path.stem, Markup(_read(path).decode("utf-8"))) for path in tables],
        figures=[
            {
                "id": path.stem,
                "caption": _caption(path),
                "data": "data:image/png;base64," + base64.b64encode(_read(path)).decode(),
            }
            for path in figures
        ],
        left_out=left_out or {},
        versions=", ".join(f"{package} {version(package)}" for package in PACKAGES),
    )


def _caption(path: Path) -> str:
    figure = FIGURES.get(path.stem)
    if figure is None:
        raise InputError(f"{path}: the catalogue has no {path.stem}")
    return f"{figure.title}. {figure.caption}"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
