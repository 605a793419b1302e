"""The configuration as documents: its JSON schema, and its reference in Markdown (``docs/write.py``)."""

import types
import typing

import yaml
from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo

from pipeline_lib.study.configuration.networks import NetworkConfig
from pipeline_lib.study.configuration.renamed import RENAMED
from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.configuration.section import Section

_BOUNDS = {Ge: ("ge", "≥"), Gt: ("gt", ">"), Le: ("le", "≤"), Lt: ("lt", "<")}


def schema() -> str:
    """Return the JSON schema of a complete configuration, as YAML, for editors that check it."""
    value = Configuration.model_json_schema()
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
        "## Top level",
        _table(Configuration, "", only_values=True),
    ]
    for name, field in Configuration.model_fields.items():
        if name == "networks":
            lines += [f"## {name}", field.description, "Each network may have:"]
            lines.append(_table(NetworkConfig, "networks.NAME."))
        elif section := _section(field):
            lines += [f"## {name}", field.description]
            if section.model_fields:
                lines.append(_table(section, f"{name}."))
    rows = "\n".join(f"| `{old}` | `{new}` |" for old, new in RENAMED.items())
    lines += ["## Renamed keys", f"| old | now |\n|---|---|\n{rows}"]
    return "\n\n".join(lines) + "\n"


def described_keys() -> dict[str, str]:
    """Return the description of every key, by its dotted name; "" where it has none."""
    return dict(_descriptions(Configuration, ""))


def _descriptions(section: type[Section], prefix: str) -> typing.Iterator[tuple[str, str]]:
    for name, field in section.model_fields.items():
        yield f"{prefix}{name}", field.description or ""
        inner = NetworkConfig if name == "networks" and not prefix else _section(field)
        if inner:
            yield from _descriptions(inner, f"{prefix}{name}.")


def _table(section: type[Section], prefix: str, only_values: bool = False) -> str:
    rows = ["| key | type | default | unit | meaning |", "|---|---|---|---|---|"]
    for name, field in section.model_fields.items():
        inner = _section(field)
        if inner and not only_values:
            rows += _table(inner, f"{prefix}{name}.").splitlines()[2:]
        elif not inner and not (only_values and name == "networks"):
            cells = (_type(field), _default(field), _unit(field), field.description)
            rows.append(f"| `{prefix}{name}` | {' | '.join(cells)} |")
    return "\n".join(rows)


def _section(field: FieldInfo) -> type[Section] | None:
    """Return the section that a key is, if it is one."""
    kinds = [field.annotation, *typing.get_args(field.annotation)]
    sections = [one for one in kinds if isinstance(one, type) and issubclass(one, Section)]
    return sections[0] if sections else None


def _type(field: FieldInfo) -> str:
    bounds = [_bound(one) for one in field.metadata]
    return ", ".join(filter(None, [_name(field.annotation), *bounds]))


def _bound(limit: object) -> str:
    if isinstance(limit, MinLen):
        return f"at least {limit.min_length}"
    for kind, (attribute, sign) in _BOUNDS.items():
        if isinstance(limit, kind):
            return f"{sign} {getattr(limit, attribute):g}"
    return ""


def _name(kind: object) -> str:
    """Say a type in words."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _name(inner[0])
    if origin in (types.UnionType, typing.Union):
        return " or ".join(_name(one) for one in inner if one is not type(None))
    if origin is typing.Literal:
        return ", ".join(f"`{one}`" for one in inner)
    if origin in (list, tuple):
        return f"list of {_name(inner[0])}"
    if origin is dict:
        return "mapping"
    return {str: "text", int: "integer", float: "number", bool: "true/false"}.get(kind, str(kind))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is None or value in ([], {}, ""):
        return ""
    text = yaml.safe_dump(
        list(value) if isinstance(value, tuple) else value, default_flow_style=True
    )
    return f"`{text.removesuffix('...' + chr(10)).strip()}`".replace("\n ", "")


def _unit(field: FieldInfo) -> str:
    return (field.json_schema_extra or {}).get("unit", "")
