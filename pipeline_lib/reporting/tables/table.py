"""What all tables are: their columns, the paper's numbers, and what building one gives."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import yaml

TABLE_COLUMNS = ("row", "metric", "paper", "ours", "low", "high", "n", "note")
_PAPER = Path(__file__).parents[1] / "paper.yaml"


class Built(NamedTuple):
    """A table: its ``cells``, rows of TABLE_COLUMNS or more, what is to be read of it, and its notes."""

    cells: pd.DataFrame
    to_read: pd.DataFrame
    notes: Sequence[str]


@cache
def paper_numbers() -> dict:
    """Return the paper's numbers, from the one file that holds them."""
    return yaml.safe_load(_PAPER.read_text(encoding="utf-8"))
