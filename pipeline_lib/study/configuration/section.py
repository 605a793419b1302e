"""What all sections of the configuration share: strict, frozen, every key described."""

import re
import types
import typing

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

AS_IT_IS = {"text": "stays"}  # context of a validation in which no text is read as anything else
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FRACTION = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
_NULL = ("null", "Null", "NULL", "~", "")
_JSON_BOOLS = {"true": True, "false": False}
_BOOLS = {  # of YAML 1.1, which configuration files are read by
    form(word): value
    for value, words in ((True, ("true", "yes", "on")), (False, ("false", "no", "off")))
    for word in words
    for form in (str, str.title, str.upper)
}


class Quoted(str):
    """Text that was in quotes on the command line: it is never read as anything else."""


class Section(BaseModel):
    """A section: refuses unknown keys and values of another type; never changes once it is read.

    Text that stands for a number, true, false or null is read as such, unless the key is text or it is
    ``Quoted``: `--config boxes='{threshold: 0.3}'` passes on "0.3". Numbers are those of JSON: 12:30 and
    007 are none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _read_text(cls, value: object, info: ValidationInfo) -> object:
        if info.context is AS_IT_IS:
            return value
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
    """Read text wherever ``annotation`` does not allow text; sections do so themselves."""
    kinds = alternatives(annotation)
    inner = {typing.get_origin(kind): typing.get_args(kind) for kind in kinds}
    if isinstance(value, list):
        items = inner.get(list) or inner.get(tuple) or (object,)
        return [_typed(each, items[0]) for each in value]
    if isinstance(value, dict) and (dict in inner or object in kinds):
        items = inner.get(dict, (str, object))
        return {key: _typed(each, items[1]) for key, each in value.items()}
    if isinstance(value, Quoted):
        return str(value)
    return _read(value, kinds, inner) if isinstance(value, str) else value


def _read(text: str, kinds: list[object], inner: dict[object, tuple]) -> object:
    """Return the number, true, false or null that a text stands for, or the text itself."""
    is_any, choices = object in kinds, inner.get(typing.Literal, ())
    if text in _NULL and (is_any or types.NoneType in kinds):
        return None
    if str in kinds or any(isinstance(each, str) for each in choices):
        return text
    bools = _BOOLS if bool in kinds or False in choices else _JSON_BOOLS
    if text in bools:
        return bools[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _FRACTION.fullmatch(text) else text
