"""Settings as command-line flags: the workflow writes them, the steps read them, with one default."""

import argparse
import shlex
import types
import typing
from collections.abc import Callable

from pydantic.fields import FieldInfo

from pipeline_lib.study.configuration.section import Section


def add_settings(
    parser: argparse.ArgumentParser, section: type[Section], *names: str, **overrides: object
) -> None:
    """Add a flag for each of a section's ``names`` (all of them if none is given).

    Type, choices, default and help come from the section; ``overrides`` are defaults that differ;
    a key with one is not required.
    """
    for name in names or section.model_fields:
        field = section.model_fields[name]
        kind, many, choices = _argument(field.annotation)
        default = overrides.get(name, field.default)
        required = field.is_required() and name not in overrides
        given = {"required": True} if required else {"default": default}
        if many:
            given["nargs"] = "*"
        if choices:
            given["choices"] = choices
        parser.add_argument(_flag(name), type=kind, help=_help(field), **given)


def read_settings(arguments: argparse.Namespace, section: type[Section], *names: str) -> Section:
    """Return the section that the flags of ``add_settings`` were given; keys without a flag keep
    their defaults. ``names`` limits the keys, where a flag of another meaning is called like one.
    Raises InputError for a value out of its limits."""
    from pipeline_lib.study.configuration.load import checked

    keys = [name for name in names or section.model_fields if name in arguments]
    values = {name: getattr(arguments, name) for name in keys}
    values = {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}
    return checked(section, values, lambda key: f"--{key.replace('_', '-')}")


def as_flags(section: Section, *names: str) -> str:
    """Return the flags of a section's values, quoted for the shell; what is None or empty has none."""
    parts = []
    for name in names or type(section).model_fields:
        value = getattr(section, name)
        if value is None or value in ([], ()):
            continue
        values = value if isinstance(value, list | tuple) else [value]
        parts += [_flag(name), *(shlex.quote(str(one)) for one in values)]
    return " ".join(parts)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _help(field: FieldInfo) -> str:
    unit = (field.json_schema_extra or {}).get("unit", "")
    text = (field.description or "").rstrip(".")
    return (f"{text} ({unit})" if unit else text).replace("%", "%%")


def _argument(annotation: object) -> tuple[Callable, bool, tuple | None]:
    """Return what argparse needs of a type: the converter, whether there are many, the choices."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _argument(inner[0])
    if origin in (types.UnionType, typing.Union):
        return _argument(next(one for one in inner if one is not type(None)))
    if origin is typing.Literal:
        return type(inner[0]), False, inner
    if origin in (list, tuple):
        kind, _, choices = _argument(inner[0])
        return kind, True, choices
    return annotation, False, None
