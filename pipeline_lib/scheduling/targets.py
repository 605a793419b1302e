"""Names on Snakemake's command line that no rule goes by and that nothing makes."""

import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from pipeline_lib.common.nearest import nearest


def asked_for(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the targets of a command line, and what its flags name, such as --forcerun.

    ``argv`` is that of the process, its program first; another program's than Snakemake's asks for
    nothing.
    """
    if "snakemake" not in Path(argv[0]).parts[-2:]:  # also .../snakemake/__main__.py
        return [], []
    from snakemake.cli import get_argument_parser

    given, _ = get_argument_parser().parse_known_args(argv[1:])
    flags = [given.forcerun, given.until, given.omit_from, given.prioritize]
    return list(given.targets), [name for names in flags for name in names or ()]


def unknown_target(
    targets: Sequence[str],
    flags: Sequence[str],
    rules: Collection[str],
    patterns: Collection[str],
    files: Collection[str],
    is_made: Callable[[str], bool],
) -> str:
    """Return what is wrong with the first name that nothing goes by, "" if all are known.

    ``targets`` and ``flags`` are of ``asked_for``. ``rules`` are names of rules, ``patterns`` of those
    with wildcards, which are no targets. ``files`` are suggested beside them, and ``is_made`` tells
    whether a rule makes a file. A file that is there needs no rule.
    """

    def is_file(name: str) -> bool:
        # As Snakemake reads it: ./results is results, and an absolute path stays one.
        path = name if os.path.isabs(name) else os.path.relpath(name)
        return os.path.exists(name) or is_made(path)

    for name in targets:
        if name in patterns:
            return f"'{name}' makes many files: ask for one of them, or for a target"
        if name not in rules and not is_file(name):
            hint = nearest(name, [*rules, *files])
            return f"no target '{name}'{hint} (snakemake --list has all)"
    known = [*rules, *patterns]
    for name in flags:
        if name not in known and not is_file(name):
            return f"no rule '{name}'{nearest(name, known)}"
    return ""
