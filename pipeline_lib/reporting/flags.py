"""The flags that tables and figures share."""

import argparse
from pathlib import Path

from pipeline_lib.reporting.inputs import Inputs


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Add ``--input`` and ``--roots``, for ``read_inputs``."""
    parser.add_argument(
        "--input",
        nargs="+",
        action="append",
        default=[],
        metavar=("ROLE", "FILE"),
        help="files by their role, as the catalogue declares them; repeatable",
    )
    parser.add_argument("--roots", nargs="+", default=[], help="folders of --input images")


def name_and_reason(text: str) -> tuple[str, str]:
    """Parse a ``NAME=WHY`` flag."""
    name, separator, reason = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=WHY")
    return name, reason


def read_inputs(arguments: argparse.Namespace, artefact: str, **options: object) -> Inputs:
    """Return the input files that the flags name; ``options`` are further arguments of ``Inputs``."""
    files: dict[str, list[Path]] = {}
    for role, *paths in arguments.input:
        files.setdefault(role, []).extend(map(Path, paths))
    return Inputs(artefact, files, arguments.roots, **options)
