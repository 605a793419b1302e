"""The configuration as documents: its JSON schema, and its reference in Markdown (``docs/write.py``)."""

import types
import typing

import yaml
from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo

from pipeline_lib.study.configuration.renamed import RENAMED
from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.configuration.section import Section, section_of

_BOUNDS = {
    **{Ge: ("ge", "≥"), Gt: ("gt", ">"), Le: ("le", "≤"), Lt: ("lt", "<")},
    MinLen: ("min_length", "of at least"),
}


def schema() -> str:
    """Return the JSON schema of a complete configuration, as YAML, for editors that check it."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    value = dialect | Configuration.model_json_schema()
    value["properties"]["networks"]["additionalProperties"] = (
        False  # other names than the pattern's
    )
    head = "# Written by `make docs` from pipeline_lib/study/configuration; do not edit.\n"
    return head + yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)


def reference() -> str:
    """Return the page that describes every key: a table for each section, then the renamed keys."""
    lines = [
        "# Configuration",
        "Written by `make docs` from `pipeline_lib/study/configuration/`; do not edit.",
        "`config.yaml` is the one file to edit. What stands there, or after `--config` on the command "
        "line, goes over the study's own values in `workflow/studies/<study>.yaml`, key by key: "
        "`--config boxes='{threshold: 0.3}'`. A wrong key is refused by name before anything runs.",
        "After `--config`, text is taken as it was typed, and text in quotes is never a number, true, "
        "false or null. In files, put text in quotes that YAML reads as something else, as "
        '`"007"`, `"12:30"` and `"no"`; without them it is refused.',
        "A study's file may have the key `base`, another study: it then goes over that study's file in "
        "the same way.",
        "## Top level",
        _table(Configuration, "", only_values=True),
    ]
    for name, field in Configuration.model_fields.items():
        if section := section_of(field.annotation):
            lines += [f"## {name}", field.description]
            if section.model_fields:
                lines.append(_table(section, _prefix(name)))
    rows = "\n".join(f"| `{old}` | `{new}` |" for old, new in RENAMED.items())
    lines += ["## Renamed keys", f"| old | now |\n|---|---|\n{rows}"]
    return "\n\n".join(lines) + "\n"


def described_keys() -> dict[str, str]:
    """Return the description of every key, by its dotted name; "" where it has none."""
    return dict(_descriptions(Configuration, ""))


def _descriptions(section: type[Section], prefix: str) -> typing.Iterator[tuple[str, str]]:
    for name, field in section.model_fields.items():
        yield f"{prefix}{name}", field.description or ""
        if inner := section_of(field.annotation):
            yield from _descriptions(inner, f"{prefix}{_prefix(name)}")


def _prefix(section: str) -> str:
    """Return what stands before the keys of a section; each network is a section."""
    return "networks.NAME." if section == "networks" else f"{section}."


def _table(section: type[Section], prefix: str, only_values: bool = False) -> str:
    """Return the table of a section's keys, and of the sections in it unless ``only_values``."""
    rows = ["| key | type | default | unit | meaning |", "|---|---|---|---|---|"]
    for name, field in section.model_fields.items():
        inner = section_of(field.annotation)
        if inner and not only_values:
            rows += _table(inner, f"{prefix}{name}.").splitlines()[2:]
        elif not inner:
            unit = (field.json_schema_extra or {}).get("unit", "")
            kind = _words(field.annotation, field.metadata)
            cells = (f"`{prefix}{name}`", kind, _default(field), unit, field.description)
            rows.append(f"| {' | '.join(cells)} |".replace("<", "&lt;"))
    return "\n".join(rows)


def _words(kind: object, limits: typing.Iterable = ()) -> str:
    """Say a type and its limits in words."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _words(inner[0], inner[1:])
    if origin in (types.UnionType, typing.Union):
        rest = [each for each in inner if each is not types.NoneType]
        return " or ".join(_words(each, limits) for each in rest)
    if origin is typing.Literal:
        text = ", ".join(f"`{each}`" for each in inner)
    elif origin in (list, tuple):
        text = f"list of {_words(inner[0])}"
    else:
        names = {str: "text", int: "integer", float: "number", bool: "true/false"}
        text = "mapping" if origin is dict else names[kind]
    bounds = [
        f"{sign} {getattr(limit, attribute):g}"
        for limit in limits
        for bound, (attribute, sign) in _BOUNDS.items()
        if isinstance(limit, bound)
    ]
    return f"{text} {' and '.join(bounds)}".strip()


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default in (None, [], {}, ""):
        return ""
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    text = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return f"`{text.removesuffix('...' + chr(10)).strip()}`"
