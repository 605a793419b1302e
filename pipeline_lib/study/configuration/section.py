"""What all sections of the configuration share: strict, frozen, every key described."""

import types
import typing

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator


class Section(BaseModel):
    """A section: refuses unknown keys and values of another type; never changes once it is read.

    Text that stands for a number, true, false or null is read as such, unless the key is text:
    `--config boxes='{threshold: 0.3}'` passes on "0.3".
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _read_text(cls, value: object, info: ValidationInfo) -> object:
        return _typed(value, cls.model_fields[info.field_name].annotation)


def setting(
    default: object = ..., description: str = "", unit: str = "", **limits: object
) -> object:
    """Declare a key: its default (``...``: required), what it means, and its unit ("" for none).

    ``limits`` are pydantic's: ``ge``, ``gt``, ``le``, ``lt``, ``min_length``.
    """
    extra = {"unit": unit} if unit else None
    return Field(default, description=description, json_schema_extra=extra, **limits)


def section_of(annotation: object) -> type[Section] | None:
    """Return the section that values of a type are, or hold by name; None if there is none."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next(filter(None, map(section_of, typing.get_args(annotation))), None)


def alternatives(annotation: object) -> list[object]:
    """Return the types that a union allows, limits left out; a type alone is the only one."""
    if typing.get_origin(annotation) is typing.Annotated:
        return alternatives(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return [kind for each in typing.get_args(annotation) for kind in alternatives(each)]
    return [annotation]


def _typed(value: object, annotation: object) -> object:
    """Read text as YAML wherever ``annotation`` does not allow text; sections do so themselves."""
    kinds = alternatives(annotation)
    inner = {typing.get_origin(kind): typing.get_args(kind) for kind in kinds}
    if isinstance(value, list):
        items = inner.get(list) or inner.get(tuple) or (object,)
        return [_typed(each, items[0]) for each in value]
    if isinstance(value, dict) and (dict in inner or object in kinds):
        items = inner.get(dict, (str, object))
        return {key: _typed(each, items[1]) for key, each in value.items()}
    if not isinstance(value, str):
        return value
    scalar = _scalar(value)
    is_text = str in kinds or any(isinstance(each, str) for each in inner.get(typing.Literal, ()))
    return value if is_text and not (scalar is None and types.NoneType in kinds) else scalar


def _scalar(text: str) -> object:
    """Return the number, true, false or null that a text stands for, or the text itself."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    if isinstance(value, str):
        try:
            return float(value)  # 1e-3: YAML wants a point in it
        except ValueError:
            return text
    return value if value is None or isinstance(value, bool | int | float) else text
