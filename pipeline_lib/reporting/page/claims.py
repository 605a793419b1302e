"""Claims on the page, from claims.csv."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline_lib.data.manifest import read_csv
from pipeline_lib.reporting.claims.claim import OURS, STATES, read_claims
from pipeline_lib.reporting.claims.judge import CLAIM_COLUMNS

SIGNS = dict(zip(STATES, ("✓", "✗", "?", "–"), strict=True))


@dataclass(frozen=True)
class PageClaim:
    """A judged claim: its ``conditions`` are rows of claims.csv as dictionaries."""

    name: str
    says: str
    section: str
    state: str
    conditions: list[dict]
    in_a_world: str

    @property
    def is_ours(self) -> bool:
        """Whether the paper does not make the claim."""
        return self.section == OURS


def read_page_claims(path: Path) -> list[PageClaim]:
    """Read claims.csv. Raises InputError like ``read_csv``."""
    table = read_csv(path, CLAIM_COLUMNS)
    for column in ("difference", "low", "high", "paper", "n", "of"):
        table[column] = pd.to_numeric(table[column], errors="coerce")
    reasons = {claim.name: claim.in_a_world for claim in read_claims()}
    return [
        PageClaim(
            name,
            rows["says"].iloc[0],
            str(rows["section"].iloc[0]),
            rows["state"].iloc[0],
            rows.to_dict("records"),
            reasons.get(name, ""),
        )
        for name, rows in table.groupby("claim", sort=False)
    ]


def counts(claims: list[PageClaim]) -> dict[str, int]:
    """Return how many claims have each state, all states in their order."""
    states = [claim.state for claim in claims]
    return {state: states.count(state) for state in STATES}
