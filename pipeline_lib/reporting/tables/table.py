"""What all tables share: their columns, the paper's numbers, and the type of a built table."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import yaml

# Where a cell's number comes from: its file of scores, the table by image (``evaluation.by_image``) and
# the column of that. Paths are relative to the folder of the table; all are "" where there is none.
FILE_COLUMNS = ("scores", "by_image")
SOURCE_COLUMNS = (*FILE_COLUMNS, "column")
NO_SOURCES = ("", "", "")
TABLE_COLUMNS = ("row", "metric", "paper", "ours", "low", "high", "n", "note", *SOURCE_COLUMNS)
_PAPER = Path(__file__).parents[1] / "paper.yaml"


class Built(NamedTuple):
    """A table: ``cells``, with TABLE_COLUMNS and perhaps more; ``to_read``, its printed form; notes."""

    cells: pd.DataFrame
    to_read: pd.DataFrame
    notes: Sequence[str]


def reason_of(network: str, absent: Mapping[str, str]) -> str:
    """Return why a network has no number, "" if nothing is known; ``network`` is its label or name."""
    return absent.get(network) or absent.get(network.replace("*", "plus"), "")


def sources_of(scores: str | None, column: str) -> tuple[str, str, str]:
    """Return a number's SOURCE_COLUMNS; the workflow writes the table by image beside the scores."""
    if not scores:
        return NO_SOURCES
    return scores, f"{scores.removesuffix('.csv')}.images.csv", column


@cache
def paper_numbers() -> dict:
    """Return the paper's numbers, from paper.yaml."""
    return yaml.safe_load(_PAPER.read_text(encoding="utf-8"))
