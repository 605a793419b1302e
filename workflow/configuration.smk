# The configuration, checked before any job starts, and what the study has by it: its networks, its sets.

import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config, validate

from pipeline_lib.scheduling.graph_file import write_graph


def refuse(*messages):
    """End at once, a line each: which key or file, what is wrong."""
    for message in messages:
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
    for section in (
        *("ilsvrc", "training", "prediction", "boxes", "transfer"),
        *("discovery", "scenes", "concepts", "text", "vqa", "units"),
    ):
        full.setdefault(section, {})
    try:
        validate(full, str(Path(workflow.basedir) / "workflow" / "schemas" / "config.yaml"))
    except WorkflowError as error:
        problem = error.__context__  # jsonschema's own, which knows the key
        key = ".".join(["config", *map(str, problem.absolute_path)])
        refuse(f"{key}: {problem.message}")
    return full


def listed(file):
    """Return a data file of the library's."""
    return yaml.safe_load((Path(workflow.basedir) / "pipeline_lib" / file).read_text())


def studied(section, folders_of):
    """Return the sets that a section asks for: those named, all of them, or those whose folders are there.

    `folders_of` has the folders of each set by its name. What is drawn is there.
    """
    asked = config[section]["sets"]
    if isinstance(asked, list):
        for name in asked:
            if name not in folders_of:
                refuse(f"config.{section}.sets: '{name}' is none of {', '.join(folders_of)}")
        return [name for name in folders_of if name in asked]
    if "world" in config or asked == "all":
        return list(folders_of)
    return [name for name, folders in folders_of.items() if all(map(os.path.exists, folders))]


# glibc would hand every large block back and take it anew, layer by layer: a tenth of the CPU time.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(1 << 30))
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(4 << 30))

config = complete(config)
STUDY = config["study"]
RESULTS = f"{config['results']}/{STUDY}"
NETWORKS = {
    name: options or {} for name, options in config["networks"].items() if options is not False
}
TRAINED = [
    name
    for name, options in NETWORKS.items()
    if "architecture" in options and "weights" not in options
]
ADOPTED = [name for name in NETWORKS if name not in TRAINED]
PHOTOGRAPHS = config.get("photographs")
if PHOTOGRAPHS and PHOTOGRAPHS["network"] not in NETWORKS:
    ADOPTED.append(PHOTOGRAPHS["network"])
for part in ("network", "baseline"):
    if config["figures"][part] not in NETWORKS:
        refuse(f"config.figures.{part}: '{config['figures'][part]}' is not in networks")
if "world" in config:
    DATA_ROOT = f"{RESULTS}/world"
elif "data_root" in config:
    DATA_ROOT = os.path.expanduser(config["data_root"]).rstrip("/")
else:
    refuse(f"config.data_root: study {STUDY} needs it; add --config data_root=DIR")
ILSVRC = f"{DATA_ROOT}/ilsvrc"
# Test labels are not published: where there are test images, the server's submission is written.
HAS_TEST = (
    bool(config["world"]["test_images"]) if "world" in config else os.path.isdir(f"{ILSVRC}/test")
)
CONDA = "../../envs/pipeline.yaml"

# The sets of Section 4 by the paper's names, those of this study by what their files are called.
MAIN, BASELINE = config["figures"]["network"], config["figures"]["baseline"]
SETS = listed("data/transfer.yaml")
TRANSFER_ROOT = f"{RESULTS}/world/transfer" if "world" in config else DATA_ROOT
STUDIED = studied("transfer", {name: [f"{TRANSFER_ROOT}/{SETS[name]['at']}"] for name in SETS})
SLUGS = [SETS[name]["layout"] for name in STUDIED]
NAME_OF = {entry["layout"]: name for name, entry in SETS.items()}
BIRDS = SETS["CUB-200-2011"]["layout"]
# The experiments of Section 4.2 that there are images for.
EXPERIMENTS = listed("data/discovery.yaml")
CAPTIONS = os.path.expanduser(config["concepts"].get("captions", ""))  # of one's own
# Which keys of their sections of the configuration their readers know.
READ_BY = {
    "scenes": ("categories", "least", "coverage", "short_polygons"),
    "concepts": ("captions",),
}
FOLDERS = {
    name: [f"{DATA_ROOT}/{folder}" for folder in one["at"]] for name, one in EXPERIMENTS.items()
}
FOUND = studied("discovery", FOLDERS | ({"concepts": []} if CAPTIONS else {}))
# Places205, whose network has no part in anything but Figure 13.
PLACES_NETWORK = config["units"]["places_network"]
HAS_PLACES = "world" not in config and (
    config["discovery"]["sets"] == "all" or os.path.isdir(f"{DATA_ROOT}/places205")
)
if HAS_PLACES and PLACES_NETWORK not in NETWORKS:
    ADOPTED.append(PLACES_NETWORK)
for name in config["transfer"]["networks"]:
    if name not in config["networks"]:
        refuse(f"config.transfer.networks: '{name}' is not in networks")

nearest = next(p for p in (Path(RESULTS), *Path(RESULTS).resolve().parents) if p.exists())
if not os.access(nearest, os.W_OK):
    refuse(f"{nearest}: the results folder cannot be written to; set results=DIR")


wildcard_constraints:
    network=r"[A-Za-z0-9_.+-]+",
    split="train|val|test",
    views="whole|ten-crop|backprop|svm",
    crop="whole|cam|box",
    rule="paper|authors|graphcut",
    table=r"table\d+",
