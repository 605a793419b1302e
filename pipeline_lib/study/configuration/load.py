"""Reading a configuration: the study's file, the user's keys over it, one line for what is wrong."""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from pipeline_lib.common.errors import InputError
from pipeline_lib.study.configuration.renamed import RENAMED
from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.configuration.section import Section

Kind = TypeVar("Kind", bound=Section)


def load_configuration(given: Mapping, studies: Path) -> Configuration:
    """Lay the ``given`` keys over the file of their study in the folder ``studies``, and check all.

    A study that is not named is mini. Raises InputError, one line that names the key, for a study
    that there is not, an unknown or old key, and a value that makes no sense.
    """
    known = sorted(path.stem for path in studies.glob("*.yaml"))
    name = given.get("study", Configuration.model_fields["study"].default)
    if name not in known:
        hint = _nearest(str(name), known)
        raise InputError(f"config.study: '{name}' is not one of {', '.join(known)}{hint}")
    text = (studies / f"{name}.yaml").read_text(encoding="utf-8")
    values = _laid_over(yaml.safe_load(text), _typed(dict(given) | {"study": name}))
    return checked(Configuration, values, lambda key: f"config.{key}")


def checked(section: type[Kind], values: Mapping, name_of: Callable[[str], str]) -> Kind:
    """Return the section of these values. ``name_of`` turns a dotted key into what messages call it.

    Raises InputError for the first thing that is wrong.
    """
    try:
        return section.model_validate(values)
    except ValidationError as error:
        raise InputError(_line(error, section, name_of)) from None


def _line(error: ValidationError, section: type[Section], name_of: Callable[[str], str]) -> str:
    """Say in one line what is wrong first; an unknown key before what follows from it."""
    problems = error.errors()
    problem = next((one for one in problems if one["type"] == "extra_forbidden"), problems[0])
    path = [part for part in problem["loc"] if not _is_branch(part)]
    key = name_of(".".join(map(str, path)))
    if problem["type"] == "extra_forbidden":
        if new := RENAMED.get(".".join(map(str, path))):
            return f"{key}: is now called {name_of(new)}"
        return f"{key}: unknown key{_nearest(str(path[-1]), _keys_beside(section, path))}"
    if problem["type"] == "missing":
        return f"{key}: is required"
    message = problem["msg"].replace("Input should be", "must be").removeprefix("Value error, ")
    given = problem["input"]
    shown = f"{given!r} " if isinstance(given, str | int | float | bool) else ""
    return f"{key}: {shown}{message}"


def _is_branch(part: object) -> bool:
    """Tell whether a part of pydantic's path names a branch of a union, or a key as such."""
    text = str(part)
    return text in ("NetworkConfig", "bool", "none", "[key]", "int", "str") or "[" in text


def _keys_beside(section: type[Section], path: list) -> list[str]:
    """Return the keys that stand where the last of ``path`` does."""
    from pipeline_lib.study.configuration.networks import NetworkConfig

    fields = section.model_fields
    for part in path[:-1]:
        if part not in fields:  # the name of a network
            fields = NetworkConfig.model_fields
            continue
        kind = fields[part].annotation
        kinds = [kind, *getattr(kind, "__args__", ())]
        inner = next(
            (one for one in kinds if isinstance(one, type) and issubclass(one, Section)), None
        )
        fields = inner.model_fields if inner else {}
    return list(fields)


def _nearest(text: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(text, known, n=1)
    return f"; did you mean {nearest[0]}?" if nearest else ""


def _typed(value: object) -> object:
    """Read text inside a mapping or list as YAML: `--config boxes='{threshold: 0.3}'` leaves it text."""
    if isinstance(value, dict):
        return {key: _inner(inner) for key, inner in value.items()}
    return value


def _inner(value: object) -> object:
    if isinstance(value, dict):
        return {key: _inner(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_inner(inner) for inner in value]
    return yaml.safe_load(value) if isinstance(value, str) else value


def _laid_over(under: dict, over: dict) -> dict:
    """Return ``under`` with the keys of ``over`` in place of its own, mapping by mapping."""
    merged = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _laid_over(merged[key], value) if both else value
    return merged
