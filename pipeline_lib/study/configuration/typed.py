"""What stands after `--config` on the command line, as it was typed.

Snakemake takes quotes away before it reads numbers: of `results="007"` it leaves 7, of
`warning="Draft: no"` a mapping.
"""

import argparse
from collections.abc import Mapping, Sequence

import yaml
from snakemake.cli import parse_config

from pipeline_lib.study.configuration.section import Quoted


class _Loader(yaml.BaseLoader):
    """Reads every scalar as text."""

    def construct_scalar(self, node: yaml.Node) -> str:
        """Return the text, marked if it is in quotes."""
        value = super().construct_scalar(node)
        return Quoted(value) if node.style in ("'", '"') else value


def as_typed(config: Mapping, words: Sequence[str]) -> dict:
    """Return Snakemake's ``config`` with the values that ``words`` give it as they were typed.

    ``words`` are those of the command line. Text in quotes is ``Quoted``; all else is text too, which
    the type of its key reads. What does not come from the command line stays as it is.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config", "-C", nargs="*", default=[])
    config = dict(config)
    for entry in parser.parse_known_args(words)[0].config:
        key, _, text = entry.partition("=")
        if key in config and text.strip("'\""):
            config[key] = _restored(config[key], parse_config([entry])[key], _read(text))
    return config


def _read(text: str) -> object:
    try:
        value = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError:
        return text
    is_plain = isinstance(value, str) and not isinstance(value, Quoted)
    return text if is_plain else value  # YAML would end a folder's name at a blank and a #


def _restored(value: object, read: object, typed: object) -> object:
    """Return ``typed`` for all of ``value`` that Snakemake ``read`` in its place."""
    if all(isinstance(each, Mapping) for each in (value, read, typed)):
        found = {key: _restored(value[key], read[key], typed[key]) for key in typed if key in value}
        return {**value, **found}
    return typed if value == read else value
