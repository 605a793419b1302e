"""What all sections of the configuration share: strict, frozen, every key described."""

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A section: refuses unknown keys and values of another type; never changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def setting(
    default: object = ..., description: str = "", unit: str = "", **limits: object
) -> object:
    """Declare a key: its default (``...``: required), what it means, and its unit ("" for none).

    ``limits`` are pydantic's: ``ge``, ``gt``, ``le``, ``lt``, ``min_length``.
    """
    extra = {"unit": unit} if unit else None
    return Field(default, description=description, json_schema_extra=extra, **limits)
