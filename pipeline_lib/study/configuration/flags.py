"""Settings as command-line flags: the workflow writes them, the steps read them, with one default."""

import argparse
import shlex
import types
import typing

from pydantic.fields import FieldInfo

from pipeline_lib.study.configuration.load import Kind, checked
from pipeline_lib.study.configuration.section import Section, alternatives


def add_settings(
    parser: argparse.ArgumentParser, section: type[Section], *names: str, **overrides: object
) -> None:
    """Add a flag for each of a section's ``names`` (all of them if none is given).

    Type, choices, default and help come from the section; ``overrides`` are defaults that differ;
    a key with one is not required. Raises TypeError for a key that no flag can hold.
    """
    for name in names or section.model_fields:
        field = section.model_fields[name]
        settings = _argument(field.annotation)
        if field.is_required() and name not in overrides:
            settings["required"] = True
        else:
            settings["default"] = overrides.get(name, field.default)
        parser.add_argument(_flag(name), help=_help(field), **settings)


def read_settings(arguments: argparse.Namespace, section: type[Kind], *names: str) -> Kind:
    """Return the section that the flags of ``add_settings`` were given; keys without a flag keep
    their defaults. ``names`` limits the keys, where a flag of another meaning is called like one.
    Raises InputError for a value out of its limits."""
    keys = [name for name in names or section.model_fields if name in arguments]
    values = {name: getattr(arguments, name) for name in keys}
    return checked(section, values, lambda key: _flag(key.partition(".")[0]))


def as_flags(section: Section, *names: str) -> str:
    """Return the flags of a section's values, quoted for the shell; what is None has none.

    Raises TypeError for a key that no flag can hold.
    """
    words = []
    for name in names or type(section).model_fields:
        value = getattr(section, name)
        _argument(type(section).model_fields[name].annotation)
        if isinstance(value, bool):
            words.append(_flag(name) if value else _flag(f"no_{name}"))
        elif isinstance(value, list | tuple):
            words += [_flag(name), *map(str, value)]
        elif value is not None:
            words += [_flag(name), str(value)]
    return shlex.join(words)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _help(field: FieldInfo) -> str:
    unit = (field.json_schema_extra or {}).get("unit", "")
    text = (field.description or "").rstrip(".")
    return (f"{text} ({unit})" if unit else text).replace("%", "%%")


def _argument(annotation: object) -> dict[str, object]:
    """Return what argparse needs of a type: a converter, and whether there are many, or choices."""
    kinds = [kind for kind in alternatives(annotation) if kind is not types.NoneType]
    origin, inner = typing.get_origin(kinds[0]), typing.get_args(kinds[0])
    if len(kinds) == 1 and origin is typing.Literal:
        return {"type": type(inner[0]), "choices": inner}
    if len(kinds) == 1 and origin in (list, tuple):
        return _argument(inner[0]) | {"nargs": "*"}
    if kinds == [bool]:
        return {"action": argparse.BooleanOptionalAction}
    if len(kinds) == 1 and kinds[0] in (str, int, float):
        return {"type": kinds[0]}
    raise TypeError(f"no flag can hold {annotation}")
