"""What differs between two runs besides their tables: settings, and the states of claims."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pandas as pd

from pipeline_lib.reporting.comparison.run import Run


class Setting(NamedTuple):
    """A key of the configuration, dotted, and its values as text; "-" where a run lacks it."""

    key: str
    a: str
    b: str


class ClaimChange(NamedTuple):
    """A claim whose state differs, and the (condition, numbers of a, numbers of b) behind it."""

    says: str
    section: str
    a: str
    b: str
    conditions: list[tuple[str, str, str]]


_ABSENT = object()


def settings_that_differ(a: Run, b: Run) -> list[Setting]:
    """Return the keys whose values differ, by name; the version of the code, if known, is the last."""
    rows = [
        Setting(key, _text(one), _text(other))
        for key, one, other in _differences(a.configuration, b.configuration, "")
    ]
    if a.code != b.code:
        rows.append(Setting("code", a.code or "not recorded", b.code or "not recorded"))
    return rows


def _differences(a: Mapping, b: Mapping, prefix: str) -> Iterator[tuple[str, object, object]]:
    for key in dict.fromkeys([*a, *b]):
        one, other = a.get(key, _ABSENT), b.get(key, _ABSENT)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _differences(one, other, f"{prefix}{key}.")
        elif one != other:
            yield f"{prefix}{key}", one, other


def _text(value: object) -> str:
    """Return a value as configuration files have it, without the keys that say nothing."""
    if value is _ABSENT:
        return "-"
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        known = {key: each for key, each in value.items() if each not in (None, {})}
        return "{" + ", ".join(f"{key}: {_text(each)}" for key, each in known.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return str(value)


def claims_that_differ(a: Run, b: Run) -> list[ClaimChange] | None:
    """Return the claims of both runs whose state differs; None where one of them judged none."""
    if a.claims is None or b.claims is None:
        return None
    others = dict(list(b.claims.groupby("claim", sort=False)))
    changes = []
    for name, ones in a.claims.groupby("claim", sort=False):
        if name not in others or ones["state"].iloc[0] == others[name]["state"].iloc[0]:
            continue
        first, second = (
            rows.set_index(rows.apply(_condition, axis=1)) for rows in (ones, others[name])
        )
        conditions = [
            (condition, _numbers(first, condition), _numbers(second, condition))
            for condition in dict.fromkeys([*first.index, *second.index])
        ]
        states = (ones["state"].iloc[0], others[name]["state"].iloc[0])
        changes.append(
            ClaimChange(ones["says"].iloc[0], str(ones["section"].iloc[0]), *states, conditions)
        )
    return changes


def _condition(row: pd.Series) -> str:
    return f"({row['first']}) - ({row['second']}) {row['inequality']}"


def _numbers(rows: pd.DataFrame, condition: str) -> str:
    """Return a condition's difference and interval as text, or why it has none."""
    if condition not in rows.index:
        return "not judged"
    row = rows.loc[condition]
    numbers = pd.to_numeric(row[["difference", "low", "high"]], errors="coerce")
    if numbers.isna().any():
        return row["why"] or "no number"
    return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*numbers)
