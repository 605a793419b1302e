"""A claim, as claims.yaml states it."""

from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

_FILE = Path(__file__).with_name("claims.yaml")
State = Literal["holds", "does not hold", "undecided", "not computed"]
HOLDS, FAILS, UNDECIDED, NOT_COMPUTED = STATES = State.__args__
ANY = "{any}"  # in a cell's row or metric, for all that match
MAIN = "{main}"  # in a cell's row and in the text, for the study's main network
PAPERS_MAIN = "GoogLeNet-GAP"
OURS = "ours"  # the section of what the paper does not say


class Cell(NamedTuple):
    """A cell of a table; its row and metric may hold ANY."""

    table: str
    row: str
    metric: str

    def __str__(self) -> str:
        return f"{self.table}, {self.row}, {self.metric}"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Condition(_Strict):
    """An inequality: the first cell minus the second is above, below or within, in percentage points."""

    difference: tuple[Cell, Cell]
    above: float | None = None
    below: float | None = None
    within: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> "Condition":
        given = [bound for bound in (self.above, self.below, self.within) if bound is not None]
        if len(given) != 1:
            raise ValueError("give one of above, below and within")
        return self

    @property
    def inequality(self) -> str:
        """The bound in words."""
        if self.within is not None:
            return f"from {self.within[0]:g} to {self.within[1]:g}"
        if self.above is not None:
            return f"above {self.above:g}"
        return f"below {self.below:g}"

    def judge(self, low: float, high: float) -> State:
        """Return the state of a difference whose interval is ``low`` to ``high``.

        It holds if all of the interval does, it does not hold if none of it does.
        """
        least, most = self._allowed()
        if self.within is not None and least <= low and high <= most:
            return HOLDS
        if least < low and high < most:
            return HOLDS
        return FAILS if high < least or low > most else UNDECIDED

    def _allowed(self) -> tuple[float, float]:
        if self.within is not None:
            return self.within
        if self.above is not None:
            return self.above, float("inf")
        return float("-inf"), self.below


class Claim(_Strict):
    """A claim: it holds if all of its conditions do; see claims.yaml for the keys."""

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    says: str
    section: str
    conditions: tuple[Condition, ...] = Field(min_length=1)
    in_a_world: str = ""


@cache
def read_claims(main: str = PAPERS_MAIN) -> list[Claim]:
    """Return the claims of claims.yaml, about the main network ``main`` where they are about any.

    Raises ValueError for a name that occurs twice.
    """
    entries = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    claims = [Claim.model_validate(_about(main, entry)) for entry in entries]
    names = [claim.name for claim in claims]
    if len(set(names)) < len(names):
        raise ValueError(f"{_FILE}: two claims have one name")
    return claims


def _about(main: str, value: object) -> object:
    """Return a value of the file with the main network's name in all of its texts."""
    if isinstance(value, dict):
        return {key: _about(main, each) for key, each in value.items()}
    if isinstance(value, list):
        return [_about(main, each) for each in value]
    return value.replace(MAIN, main) if isinstance(value, str) else value
