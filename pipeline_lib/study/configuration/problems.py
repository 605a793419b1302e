"""What is wrong with a configuration, in one line that names the key."""

import json
import re
from collections.abc import Callable, Mapping

from pydantic import ValidationError

from pipeline_lib.common.nearest import nearest
from pipeline_lib.study.configuration.renamed import RENAMED
from pipeline_lib.study.configuration.section import Section, section_of

_KINDS = {  # what a value must be, by pydantic's type of the error
    **{"model_type": "a mapping", "dict_type": "a mapping"},
    **{"list_type": "a list", "tuple_type": "a list"},
    **{"int_type": "a whole number", "int_from_float": "a whole number"},
    **{"float_type": "a number", "finite_number": "a finite number"},
    **{"string_type": "text", "bool_type": "true or false", "none_required": "null"},
    "invalid_key": "text",
}
_LIMITS = {
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be below {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "too_short": "must have at least {min_length} item{s}",
    "string_pattern_mismatch": "must have only letters, digits and _ . + -",  # a network's name
}


def first_problem(
    error: ValidationError, section: type[Section], values: Mapping, name_of: Callable[[str], str]
) -> str:
    """Say what is wrong first with the ``values`` of a section; an unknown key before all else.

    ``name_of`` turns a dotted key into what the line calls it.
    """
    problems = [(_path(each, values), each) for each in error.errors()]
    unknown = [each for each in problems if each[1]["type"] == "extra_forbidden"]
    # Where a key may have several types, the deepest problem is of the type that was meant.
    path, problem = unknown[0] if unknown else max(problems, key=lambda each: len(each[0]))
    dotted = ".".join(map(str, path))
    key = name_of(dotted)
    if problem["type"] == "extra_forbidden":
        if dotted in RENAMED:
            return f"{key}: is now called {name_of(RENAMED[dotted])}"
        return f"{key}: unknown key{nearest(str(path[-1]), _keys_beside(section, path))}"
    if problem["type"] == "missing":
        return f"{key}: is required"
    here = [each for place, each in problems if place == path]
    message, given = _message(here), problem["input"]
    if isinstance(given, str):
        message += nearest(given, _choices(here))
    if given is not None and problem["type"] in ("string_type", "invalid_key"):
        message += "; put it in quotes"  # YAML reads 007, 12:30 and no as something else
    is_short = given is None or isinstance(given, str | int | float)
    value = repr(given) if isinstance(given, str) else json.dumps(given) if is_short else ""
    return f"{key}: {value} {message}" if value else f"{key}: {message}"


def _message(problems: list[dict]) -> str:
    """Say what a value must be; ``problems`` has one for each type that its key may have."""
    for problem in problems:
        if problem["type"] in _LIMITS:  # the type is right
            context = problem.get("ctx", {})
            plural = "" if context.get("min_length") == 1 else "s"
            return _LIMITS[problem["type"]].format(**context, s=plural)
    if any(each["type"] not in (*_KINDS, "literal_error") for each in problems):
        return problems[0]["msg"]
    kinds = []
    for each in problems:
        if each["type"] == "literal_error":
            choices = each["ctx"]["expected"].replace("False", "false")  # 'a', 'b' or 'c'
            kinds += choices.replace(" or ", ", ").split(", ")
        else:
            kinds.append(_KINDS[each["type"]])
    return f"must be {' or '.join(filter(None, [', '.join(kinds[:-1]), kinds[-1]]))}"


def _choices(problems: list[dict]) -> list[str]:
    """Return the words that a key may have as its value."""
    expected = [each["ctx"]["expected"] for each in problems if each["type"] == "literal_error"]
    return re.findall("'([^']*)'", " ".join(expected))


def _path(problem: dict, values: object) -> tuple:
    """Return the keys that lead to a problem: pydantic's path without the names of its types."""
    path = []
    for part in problem["loc"]:
        is_key = isinstance(values, Mapping) and part in values
        if is_key or (isinstance(part, int) and isinstance(values, list | tuple)):
            path.append(part)
            values = values[part]
    if problem["type"] == "missing":
        path.append(problem["loc"][-1])
    return tuple(path)


def _keys_beside(section: type[Section], path: tuple) -> list[str]:
    """Return the keys that may stand where the last of ``path`` does."""
    for part in path[:-1]:
        if part in section.model_fields:  # else the name of a network
            section = section_of(section.model_fields[part].annotation) or section
    return list(section.model_fields)
