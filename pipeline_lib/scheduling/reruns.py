"""Which rules run again when a key of the configuration changes.

Snakemake runs a job again if its inputs or recorded params have changed. Both are compared here in the
graphs of two configurations, for every key.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from pipeline_lib.common.errors import InputError
from pipeline_lib.scheduling.graph import whole_graph
from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.configuration.section import Section, alternatives, section_of

# Together these studies have every rule: drawn and official data, trained, ready-trained networks, one
# of them without a head.
_BASES = (
    {
        "study": "mini",
        "networks": {
            "DINOv2": {"pretrained": "vit_small_patch14_dinov2", "library": "timm", "head": "svm"}
        },
        "map_methods": {"networks": ["GoogLeNet-GAP", "DINOv2"]},
    },
    {
        **{"study": "paper", "data_root": "nowhere", "discovery": {"sets": "all"}},
        "checks": {"measures": ["faithfulness"]},
    },
)
_NETWORKS = ("NIN", "VGGnet")  # NIN is trained in both, VGGnet ready-trained in the second
# Values for keys whose type does not suggest one.
_VALUES = {
    "study": None,  # another study has other results
    "results": None,
    "data_root": "elsewhere",
    "container": "other.sif",
    "warning": "a sentence",
    "run_a": "one run",
    "run_b": "another",
    "map_methods.methods": ["cam", "eigen-cam"],
    "map_methods.networks": ["AlexNet"],
    "networks.NAME.architecture": "alexnet_gap",
    "networks.NAME.options": {"dropout": 0.25},
    "networks.NAME.head": None,  # another network, which Tables 1 to 3 do not have
    "networks.NAME.start": "alexnet",
    "networks.NAME.pretrained": "vgg19",
    "networks.NAME.library": "timm",
    "networks.NAME.weights": "released",
    "networks.NAME.label": "other",
    "networks.NAME.recipe": {"rate": 0.003},
    "networks.NAME.crop": 64,
    "networks.NAME.classes": "docs/glossary.md",  # one that is there
    "networks.NAME.layer": "features.20",
    "training.recipe.milestones": [0.1],
    "photographs.folder": "docs",  # one that is there: its pictures differ from the default's
    "photographs.network": "resnet18",
    "transfer.costs": [0.3],
    "transfer.networks": ["GoogLeNet-GAP"],
    "transfer.sets": ["Event8"],
    "transfer.train": 7,
    "transfer.splits": 2,
    "discovery.sets": ["text"],
    "scenes.categories": 3,
    "concepts.captions": "mine.tsv",
    "concepts.phrases": ["a red bus"],
    "concepts.clip": "ViT-B-32.openai",
    "units.network": "GoogLeNet-GAP",
    "units.classes": ["goldfish"],
    "units.places": ["alley"],
    "units.places_network": "GoogLeNet-GAP",
    "checks.measures": ["faithfulness"],
    "figures.network": "VGGnet-GAP",
    "figures.baseline": "GoogLeNet",
    "report.named_images": ["ILSVRC2012_val_00000001"],
}


def reruns(snakefile: Path) -> dict[str, list[str]]:
    """Return the rules that each key reruns, by its dotted name; what depends on them follows.

    Raises InputError if a graph cannot be built.
    """

    @cache
    def jobs_of(base: int) -> dict[tuple, tuple]:
        return compared_jobs(snakefile, _BASES[base])

    found: dict[str, list[str]] = {}
    for key, field in keys():
        rules: dict[str, None] = {}
        for number, base in enumerate(_BASES):
            for change in _changes(key, field):
                try:
                    after = compared_jobs(snakefile, _laid_over(base, change))
                except InputError:
                    continue  # not in this study: world in the paper's, for example
                rules |= dict.fromkeys(_changed(jobs_of(number), after))
        found[key] = sorted(rules)
    return found


def table(found: Mapping[str, list[str]]) -> str:
    """Return the section of docs/configuration.md that shows the result of ``reruns``."""
    rows = [
        f"| `{key}` | {', '.join(f'`{rule}`' for rule in rules) or 'nothing'} |"
        for key, rules in found.items()
    ]
    return "\n".join([
        "## What a change reruns",
        "",
        "The rules that a changed key reruns first; all that depends on them follows. Folders and "
        "settings of speed rerun nothing. `study` and `results` name other folders of results, and a "
        "network's `head` makes another network of it.",
        "",
        "| key | reruns |",
        "|---|---|",
        *rows,
    ]) + "\n"  # fmt: skip


def keys() -> Iterator[tuple[str, FieldInfo]]:
    """Yield every key of the configuration that holds a value, by its dotted name."""
    yield from _keys(Configuration, "")


def _keys(section: type[Section], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in section.model_fields.items():
        inner = section_of(field.annotation)
        if inner:
            yield from _keys(inner, f"{prefix}{name}." + "NAME." * (name == "networks"))
        else:
            yield f"{prefix}{name}", field


def _changes(key: str, field: FieldInfo) -> Iterator[dict]:
    """Yield configurations that change a key alone."""
    value = _VALUES[key] if key in _VALUES else _other(field)
    if value is None:
        return
    for network in _NETWORKS if "NAME" in key else [""]:
        change: object = value
        for part in reversed(key.replace("NAME", network).split(".")):
            change = {part: change}
        yield change


def _other(field: FieldInfo) -> object:
    """Return a value that differs from the default and, as far as numbers go, from any study's."""
    kind = next(each for each in alternatives(field.annotation) if each is not NoneType)
    if kind is bool:
        return not field.default
    if kind is int:
        return 7
    if kind is float:
        return 0.37
    if get_origin(kind) is Literal:
        return next(each for each in reversed(get_args(kind)) if each != field.default)
    raise TypeError(f"say in _VALUES to what {kind} changes")


def compared_jobs(snakefile: Path, configuration: Mapping) -> dict[tuple, tuple]:
    """Return what Snakemake compares of each job, its inputs and params, by its rule and outputs.

    Raises InputError if the graph cannot be built.
    """
    return dict(whole_graph(snakefile, dict(configuration), _compared))


def _compared(dag: Any) -> list[tuple]:
    return [
        (
            (job.rule.name, *map(str, job.output)),
            (sorted(map(str, job.input)), sorted(map(repr, job.non_derived_params))),
        )
        for job in dag.jobs
        if job.output
    ]


def _changed(before: Mapping[tuple, tuple], after: Mapping[tuple, tuple]) -> Iterator[str]:
    """Yield the rules of jobs that differ or are new, without those of new inputs alone."""
    new = {output for job in after.keys() - before.keys() for output in job[1:]}
    for job, compared in after.items():
        if job not in before or (compared != before[job] and not new & set(compared[0])):
            yield job[0]


def _laid_over(under: Mapping, over: Mapping) -> dict:
    merged = dict(under)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _laid_over(merged[key], value) if both else value
    return merged
