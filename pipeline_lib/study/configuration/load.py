"""Reading a configuration: the study's file, the user's keys over it, one line for what is wrong."""

from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.nearest import nearest
from pipeline_lib.study.configuration.problems import first_problem
from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.configuration.section import AS_IT_IS, Section

Kind = TypeVar("Kind", bound=Section)

BASE = "base"  # key of a study's file: the study whose file it is laid over


def configuration_of_run(
    given: Mapping, studies: Path, *, is_job: bool, environment: MutableMapping, name: str
) -> Configuration:
    """Return the configuration that a run of Snakemake began with, also in its jobs.

    Each job reads the workflow anew, when the files of the configuration may have changed. So the run
    leaves the whole configuration in the ``environment``, and what ``is_job`` reads it there.
    ``name`` is what another workflow calls this one, or "".
    """
    key = f"CAM_CONFIGURATION_{name}"
    if is_job and key in environment:
        return Configuration.model_validate_json(environment[key], context=AS_IT_IS)
    configuration = load_configuration(given, studies)
    environment[key] = configuration.model_dump_json(exclude_unset=True)
    return configuration


def load_configuration(given: Mapping, studies: Path) -> Configuration:
    """Lay the ``given`` keys over the file of their study in the folder ``studies``, and check all.

    A file with the key ``base`` is itself laid over the file of that study. The study is by default
    ``default_study``, a key for profiles, and without that mini. Raises InputError, one line that names
    the key, for a study that there is not, an unknown or old key, a network to leave out that the study
    does not have, and a value that makes no sense.
    """
    known = sorted(path.stem for path in studies.glob("*.yaml"))
    given = dict(given)
    default = given.pop("default_study", Configuration.model_fields["study"].default)
    name = given.get("study", default)
    if name not in known:
        hint = nearest(str(name), known)
        raise InputError(f"config.study: {name!r} is not one of {', '.join(known)}{hint}")
    study = study_values(name, studies)
    _require_known(given.get("networks"), study.get("networks", {}))
    values = _laid_over(study, {**given, "study": name})
    return checked(Configuration, values, lambda key: f"config.{key}")


def study_values(study: str, studies: Path) -> dict:
    """Return what a study's file says, laid over the file of its base, if it has one.

    Raises InputError for a base that there is not, and for one that has a base itself.
    """
    values = _read(studies / f"{study}.yaml")
    base = values.pop(BASE, None)
    if base is None:
        return values
    path = studies / f"{base}.yaml"
    if not path.exists():
        raise InputError(f"{studies / study}.yaml: its base, {base!r}, is not a study's file")
    under = _read(path)
    if BASE in under:
        raise InputError(f"{path}: has a base itself, so it cannot be that of {study}")
    return _laid_over(under, values)


def checked(section: type[Kind], values: Mapping, name_of: Callable[[str], str]) -> Kind:
    """Return the section of these values. ``name_of`` turns a dotted key into what messages call it.

    Raises InputError for the first thing that is wrong.
    """
    try:
        return section.model_validate(values)
    except ValidationError as error:
        raise InputError(first_problem(error, section, values, name_of)) from None


def _require_known(given: object, networks: Mapping) -> None:
    """Refuse to leave out a network that the study does not have: the one that was meant would stay."""
    for name, settings in given.items() if isinstance(given, Mapping) else ():
        if settings in (False, "false") and name not in networks:
            hint = nearest(str(name), networks)
            raise InputError(f"config.networks.{name}: the study has no such network{hint}")


def _read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _laid_over(under: Mapping, over: Mapping) -> dict:
    """Return ``under`` with the keys of ``over`` in place of its own, mapping by mapping."""
    merged = dict(under)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _laid_over(merged[key], value) if both else value
    return merged
