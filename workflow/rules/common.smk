# The configuration, checked before any job starts, and the few helpers that rules share.

import os
import re
import shlex
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config, validate


def refuse(message):
    """End at once with one line: which key, what is wrong."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(1)


def typed(value):
    """Read text inside a mapping or list as YAML: `--config boxes='{threshold: 0.3}'` leaves it text."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    return yaml.safe_load(value) if isinstance(value, str) else value


def complete(given):
    """Lay the given configuration over its study's, fill in defaults, check it against the schema."""
    studies = Path(workflow.basedir) / "workflow" / "studies"
    known = sorted(path.stem for path in studies.glob("*.yaml"))
    if given.get("study") not in known:
        refuse(f"config.study: '{given.get('study')}' is not one of {', '.join(known)}")
    full = yaml.safe_load((studies / f"{given['study']}.yaml").read_text())
    update_config(full, typed(given))
    for section in ("ilsvrc", "training", "prediction", "boxes"):
        full.setdefault(section, {})
    try:
        validate(full, str(Path(workflow.basedir) / "workflow" / "schemas" / "config.yaml"))
    except WorkflowError as error:
        problem = error.__context__  # jsonschema's own, which knows the key
        key = ".".join(["config", *map(str, problem.absolute_path)])
        refuse(f"{key}: {problem.message}")
    return full


config = complete(config)
STUDY = config["study"]
RESULTS = f"{config['results']}/{STUDY}"
NETWORKS = {
    name: options or {} for name, options in config["networks"].items() if options is not False
}
TRAINED = [name for name, options in NETWORKS.items() if "architecture" in options]
ADOPTED = [name for name in NETWORKS if name not in TRAINED]
PHOTOGRAPHS = config.get("photographs")
if PHOTOGRAPHS and PHOTOGRAPHS["network"] not in NETWORKS:
    ADOPTED.append(PHOTOGRAPHS["network"])
if config["figures"]["network"] not in NETWORKS:
    refuse(f"config.figures.network: '{config['figures']['network']}' is not in networks")
if "world" in config:
    DATA_ROOT = f"{RESULTS}/world"
elif "data_root" in config:
    DATA_ROOT = os.path.expanduser(config["data_root"]).rstrip("/")
else:
    refuse(f"config.data_root: study {STUDY} needs it; add --config data_root=DIR")
ILSVRC = f"{DATA_ROOT}/ilsvrc"
CONDA = "../../envs/pipeline.yaml"

nearest = next(p for p in (Path(RESULTS), *Path(RESULTS).resolve().parents) if p.exists())
if not os.access(nearest, os.W_OK):
    refuse(f"{nearest}: the results folder cannot be written to; set results=DIR")


wildcard_constraints:
    network=r"[A-Za-z0-9_.+-]+",
    split="train|val",
    table=r"table\d+",


def one_of(names):
    """Return a pattern that matches these names and nothing else."""
    return "|".join(map(re.escape, names)) or "(?!)"


def existing(*paths):
    """Return the paths that are there: what is missing is for the step to explain, not for Snakemake."""
    return [path for path in paths if os.path.exists(path)]


def repeated(flag, values):
    """Return `flag key=value` for each item of a mapping, quoted for the shell."""
    texts = (f"{key}={yaml_text(value)}" for key, value in values.items())
    return " ".join(f"{flag} {shlex.quote(text)}" for text in texts)


def yaml_text(value):
    """Return a value in one line of YAML, as the steps' key=value flags read it."""
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()


def ilsvrc_folders(wildcards):
    """Return what a manifest depends on: the drawn world, or those official folders that are there."""
    if "world" in config:
        return [ILSVRC]
    folders = ["ILSVRC2012_devkit_t12/data", wildcards.split]
    return existing(*(f"{ILSVRC}/{folder}" for folder in (*folders, "bbox/val")))


def training_flags(wildcards):
    """Return the flags that decide what a trained network is; when they change, it is retrained."""
    network, training = NETWORKS[wildcards.network], config["training"]
    return " ".join(
        [
            f"--architecture {network['architecture']}",
            repeated("--option", network.get("options", {})),
            repeated("--recipe", training["recipe"]),
            f"--warp {training['warp']} --crop {training['crop']}",
            f"--start {network['start']}" if "start" in network else "",
        ]
    )


def library_name(wildcards):
    """Return a ready-trained network's name in its library."""
    return NETWORKS.get(wildcards.network, {}).get("pretrained", wildcards.network)


def library_flag(wildcards):
    """Return the flag that names the library, where the configuration does."""
    library = NETWORKS.get(wildcards.network, {}).get("library")
    return f"--library {library}" if library else ""


def weights_of(wildcards):
    """Return the user's file of a ready-trained network's weights, where there is one."""
    stem = f"{DATA_ROOT}/weights/{library_name(wildcards)}"
    return existing(f"{stem}.safetensors", f"{stem}.pth")[:1]
