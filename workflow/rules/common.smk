# The configuration, checked before any job starts, and the few helpers that rules share.

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


def is_studied(name):
    """Tell whether a set of Section 4 is part of the study: all of them, or those that are there."""
    everything = "world" in config or config["transfer"]["sets"] == "all"
    return everything or os.path.isdir(f"{TRANSFER_ROOT}/{SETS[name]['at']}")


def is_discovered(name):
    """Tell whether an experiment of Section 4.2 is part of the study: all, or those with images."""
    everything = "world" in config or config["discovery"]["sets"] == "all"
    given = name == "concepts" and CAPTIONS
    return (
        everything
        or given
        or all(os.path.isdir(f"{DATA_ROOT}/{folder}") for folder in EXPERIMENTS[name]["at"])
    )


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
SLUGS = [entry["layout"] for name, entry in SETS.items() if is_studied(name)]
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
FOUND = [name for name in EXPERIMENTS if is_discovered(name)]
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


def released(network):
    """Return what is known of the caffemodel that was released under a network's name."""
    files = listed("networks/caffe/released.yaml")
    if network not in files:
        refuse(f"config.networks.{network}: was not released; there are {', '.join(files)}")
    return files[network]


def is_released(network):
    """Tell whether a network's weights are the authors' or BVLC's own."""
    if network in NETWORKS:
        return NETWORKS[network].get("weights") == "released"
    return HAS_PLACES and network == PLACES_NETWORK


def absent():
    """Return a line for each thing below data_root that the jobs need and that is not there.

    A folder is there whatever is in it: its reader will tell.
    """
    if "world" in config:
        return []
    jobs = [(job.rule.name, job.wildcards) for job in workflow.dag.needrun_jobs()]
    splits = {wildcards.split for name, wildcards in jobs if name == "ilsvrc"}
    keys = {wildcards.set.replace("-", "_") for name, wildcards in jobs if name == "transfer_set"}
    found = {wildcards.set for name, wildcards in jobs if name == "discovery_set"}
    if os.path.isdir(f"{DATA_ROOT}/coco/annotations"):
        found.discard("concepts")  # captions of any split will do
    keys |= {key for name in found for key in published(name)}
    keys |= {f"ilsvrc_{split}" for split in splits} | ({"ilsvrc_devkit"} if splits else set())
    keys |= {"ilsvrc_val_boxes"} if "val" in splits else set()
    keys |= {"places205"} if "places205" in {name for name, _ in jobs} else set()
    needed = [
        (entry["name"], os.path.join(entry["at"], archive.get("to", ".")), archive, source)
        for key, entry in listed("data/catalogue.yaml").items()
        for source in [entry.get("login", f"snakemake fetch_{key}")]
        for archive in entry.get("archives", [])
        if key in keys and not archive.get("unused")
    ]
    for name, wildcards in jobs:
        if name == "adopt" and is_released(wildcards.network):
            file = released(wildcards.network)
            at = f"weights/{file['file']}"
            source = file["address"]
            needed.append((f"{wildcards.network}'s weights", at, file | {"holds": []}, source))
    lines = []
    for name, at, archive, source in needed:
        named = [part for part in archive["holds"] if not set("*[") & set(part)]
        paths = [os.path.normpath(f"{DATA_ROOT}/{at}/{part}") for part in (".", *named)]
        lost = [path for path in paths if not os.path.exists(path)]
        size = archive.get("bytes") or archive.get("about")
        if lost:
            size = f"{size / 1e9:,.3f} GB" if size else "size unknown"
            lines.append(f"{name} at {lost[0]}: {size}, {source}")
    return lines


def set_folder(wildcards):
    """Return what a transfer set's manifest depends on: its folder, drawn or, if it is there, given."""
    folder = ROOTS[wildcards.set]
    return [folder] if "world" in config else existing(folder)


def discovery_folders(wildcards):
    """Return what a discovery set's manifest depends on: its folders, drawn or, if there, given."""
    if wildcards.set == "concepts" and CAPTIONS:
        return existing(CAPTIONS)
    if "world" in config:
        return [ROOTS[wildcards.set]]
    return existing(*(f"{DATA_ROOT}/{folder}" for folder in EXPERIMENTS[wildcards.set]["at"]))


def discovery_flags(wildcards):
    """Return the options of a discovery set's reader: the part of its section that index knows."""
    section = config[wildcards.set] | {"captions": CAPTIONS}
    given = {key: section[key] for key in READ_BY.get(wildcards.set, ()) if section[key] != ""}
    return repeated("--option", given)


def published(name):
    """Return the published sets that a discovery set's images are of: none of captions of one's own."""
    if name == "concepts" and CAPTIONS:
        return []
    return EXPERIMENTS[name]["sets"]


def discovery_root(name):
    """Return the folder that a discovery set's paths start from."""
    if name == "concepts" and CAPTIONS:
        return os.path.dirname(CAPTIONS) or "."
    return f"{DATA_ROOT}/discovery/{name}" if "world" in config else DATA_ROOT


def concept_flags(_wildcards):
    """Return the flags of mining: the concepts that are given, or how to find some."""
    asked = config["concepts"]
    if "phrases" in asked:
        return f"--phrases {shlex.join(asked['phrases'])}"
    return f"--count {asked['count']} --longest {asked['longest']} --least {asked['least']}"


def split_flags(wildcards):
    """Return the flags of a smaller study's random splits; official ones are as they are."""
    entry = SETS[NAME_OF[wildcards.set]]
    if not entry["drawn"] or entry["metric"] != "accuracy":
        return ""
    given = {"train": "train", "repeats": "splits"}
    flags = {flag: config["transfer"].get(key) for flag, key in given.items()}
    return " ".join(f"--{flag} {value}" for flag, value in flags.items() if value is not None)


def crop_boxes(wildcards):
    """Return the boxes that images are cropped to: none, the true ones, or those of SVM's maps."""
    if wildcards.crop == "whole":
        return []
    if wildcards.crop == "box":
        return [f"{RESULTS}/data/{wildcards.set}/boxes.csv"]
    return [boxes("svm", "paper", wildcards.network, wildcards.set)]


def crop_flags(wildcards):
    """Return the flag that says where images are cropped."""
    return " ".join(f"--boxes {path}" for path in crop_boxes(wildcards))


def classifier(wildcards):
    """Return the SVM whose classes a prediction is of, where they are not the network's own."""
    if wildcards.views != "svm":
        return []
    return [f"{RESULTS}/svm/{wildcards.set.removesuffix('-picked')}/whole/{wildcards.network}.npz"]


def svm_table_inputs(wildcards):
    """Return what Table 4, of the birds, or Table 5, of the other sets, is made from."""
    is_birds = wildcards.table == "table4"
    fitted = [fit for fit in FITTED if (fit[0] == BIRDS) == is_birds]
    inputs = {
        "scores": [f"{RESULTS}/svm/{slug}/{crop}/{name}.csv" for slug, crop, name in fitted],
        "cards": [
            f"{RESULTS}/networks/{name}.json" for name in dict.fromkeys(fit[2] for fit in fitted)
        ],
        "summaries": [
            f"{RESULTS}/data/{slug}/summary.json" for slug in dict.fromkeys(f[0] for f in fitted)
        ],
    }
    return inputs | (
        {"located": f"{RESULTS}/svm/{BIRDS}/overlap.csv"} if is_birds and fitted else {}
    )


def svm_table_flags(wildcards):
    """Return the flags that hand a table its inputs, and why others are missing."""
    flags = [
        f"--{key} {paths if isinstance(paths, str) else ' '.join(paths)}"
        for key, paths in svm_table_inputs(wildcards).items()
    ]
    for name, entry in SETS.items():
        if entry["layout"] not in SLUGS:
            why = f"not computed: no {name} at {TRANSFER_ROOT}/{entry['at']}"
            flags.append(f"--absent {shlex.quote(f'{name}={why}')}")
    if "world" in config:
        flags.append("--note 'The images are synthetic, in the layouts of the sets.'")
    return " ".join(flags)


def artefacts():
    """Return the files of each table, figure and other thing to show, by the names of the targets."""
    files = {table: [f"{RESULTS}/tables/{table}.csv"] for table in TABLES}
    files["table3"] += SUBMISSIONS
    files |= {figure: [f"{RESULTS}/figures/{figure}.png"] for figure in sorted(FIGURES)}
    return files | {"submission": SUBMISSIONS, "report": list(rules.report.output)}


def drawn_figure(name):
    """Return a figure's file; refuse, with what is missing, one that the study cannot draw."""
    if name not in FIGURES:
        for experiment in EXPERIMENTS.values():
            if experiment["figure"] == name:
                folders = " and ".join(f"{DATA_ROOT}/{folder}" for folder in experiment["at"])
                refuse(f"{name}: needs {folders}; see check_data")
        refuse(f"{name}: none of the data sets it shows is at {TRANSFER_ROOT}; see check_data")
    return f"{RESULTS}/figures/{name}.png"


def ilsvrc_folders(wildcards):
    """Return what a manifest depends on: the drawn world, or those official folders that are there."""
    if "world" in config:
        return [ILSVRC]
    folders = ["ILSVRC2012_devkit_t12/data", wildcards.split]
    return existing(*(f"{ILSVRC}/{folder}" for folder in (*folders, "bbox/val")))


def units_of(table):
    """Return the files that a table of units, and its figure, are made from."""
    _, images, network = UNIT_FIGURES[table]
    return {
        "units": f"{RESULTS}/units/{images}/{network}.h5",
        "images": f"{RESULTS}/data/{images}/images.csv",
        "boxes": f"{RESULTS}/data/{images}/boxes.csv",
        "classes": f"{RESULTS}/data/{images}/classes.csv",
    }


def unit_flags(wildcards):
    """Return the flags that say which units are looked at, and how."""
    asked = config["units"]
    classes = asked["classes"] if wildcards.set == "ilsvrc-val" else asked["places"]
    named = f"--classes {' '.join(map(shlex.quote, classes))}" if classes else ""
    keys = ("count", "units", "top", "shown", "method", "occluded", "occluder", "stride")
    return " ".join([named, *(f"--{key} {asked[key]}" for key in keys)]).strip()


def label_of(network):
    """Return what the tables call a network, whose name in files may lack a star."""
    return NETWORKS.get(network, {}).get("label", network)


def launcher(_wildcards):
    """Return what starts the trainer: Python, or torchrun with a process for each GPU, if several.

    On several nodes srun starts one torchrun on each, and they meet on the first, where the job's
    script runs. The dashes keep torchrun from reading the trainer's flags as its own, and without
    the list of signals it would die of a scheduler's warning and leave the trainers behind.
    """
    nodes, processes = config["training"]["nodes"], config["training"]["processes"]
    if nodes == processes == 1:
        return "python -m"
    srun, meeting = "", "--standalone"
    if nodes > 1:
        srun = f"srun --nodes {nodes} --ntasks {nodes} --ntasks-per-node 1 --kill-on-bad-exit "
        place = "$(hostname):$((20000 + SLURM_JOB_ID % 20000))"
        meeting = (
            f"--nnodes {nodes} --rdzv-backend c10d --rdzv-id $SLURM_JOB_ID --rdzv-endpoint {place}"
        )
    handled = "SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1"
    return (
        f"{srun}python -m torch.distributed.run {meeting} --nproc-per-node {processes} "
        f"--signals-to-handle={handled} -m --"
    )


def training_input(_wildcards):
    """Return the packed images that training reads, where the study packs them."""
    return [f"{PACKED}/index.json"] if config["training"]["pack"] else []


def training_flags(wildcards):
    """Return the flags that decide what a trained network is; when they change, it is retrained."""
    network, training = NETWORKS[wildcards.network], config["training"]
    return " ".join(
        [
            f"--name {shlex.quote(label_of(wildcards.network))}",
            f"--architecture {network['architecture']}",
            repeated("--option", network.get("options", {})),
            repeated("--recipe", training["recipe"] | network.get("recipe", {})),
            f"--warp {training['warp']} --crop {network.get('crop', training['crop'])}",
            f"--start {network['start']}" if "start" in network else "",
            f"--shards {PACKED}" if training["pack"] else "",
        ]
    )


def library_name(wildcards):
    """Return a ready-trained network's name in its library."""
    return NETWORKS.get(wildcards.network, {}).get("pretrained", wildcards.network)


def adoption_flags(wildcards):
    """Return the flags that say which ready-trained network to take, and what to call it."""
    options = NETWORKS.get(wildcards.network, {})
    if is_released(wildcards.network):
        which = f"--released {wildcards.network}"
    else:
        library = f" --library {options['library']}" if "library" in options else ""
        which = f"--network {library_name(wildcards)}{library}"
    return f"{which} --name {shlex.quote(label_of(wildcards.network))}"


def weights_of(wildcards):
    """Return the user's file of a ready-trained network's weights, where there is one."""
    if is_released(wildcards.network):
        return existing(f"{DATA_ROOT}/weights/{released(wildcards.network)['file']}")
    stem = f"{DATA_ROOT}/weights/{library_name(wildcards)}"
    return existing(f"{stem}.safetensors", f"{stem}.pth")[:1]


def view_flags(wildcards):
    """Return the flags that say how a network looks at the images, and what it keeps."""
    options = NETWORKS.get(wildcards.network, {})
    if wildcards.views == "svm":
        return f"--classifier {classifier(wildcards)[0]}"
    if wildcards.views == "backprop":
        return f"--method backprop --crops {config['prediction']['backprop_crops']}"
    method = f"--method {options['maps']}" if "maps" in options else ""
    layer = f"--layer {shlex.quote(options['layer'])}" if "layer" in options else ""
    return f"{method} {layer} --crops {10 if wildcards.views == 'ten-crop' else 1}".strip()


def prediction(views, network, images="ilsvrc-val"):
    """Return the predictions file of a network that looked at a set of images in one way."""
    return f"{RESULTS}/predictions/{images}/{views}/{network}.h5"


def boxes(views, rule, network, images="ilsvrc-val"):
    """Return the file of the boxes drawn from those predictions by a rule."""
    return f"{RESULTS}/boxes/{images}/{views}/{rule}/{network}.csv"


def score(views, rule, network):
    """Return the file of those boxes' scores; the rule "sweep" is the threshold sweep's."""
    return f"{RESULTS}/scores/{views}/{rule}/{network}.csv"


def swept(views, network):
    """Return the file of a threshold sweep's curve."""
    return f"{RESULTS}/sweeps/{views}/{network}.csv"


def box_flags(wildcards):
    """Return the flags of a way to draw boxes; only the paper's has a threshold."""
    flags = {"interpolation": config["boxes"]["interpolation"]}
    if "paper" == wildcards.rule:
        flags["threshold"] = config["boxes"]["threshold"]
    return " ".join(f"--{name} {value}" for name, value in flags.items())


def shown(wildcards):
    """Return what a figure shows, and the manifests of the images in it and their classes."""
    inputs = SHOWS[wildcards.figure]
    images = [f"{RESULTS}/data/{name}/images.csv" for name in sets_of(inputs)]
    classes = {"classes": f"{RESULTS}/data/ilsvrc-val/classes.csv"}
    return classes | inputs | {"images": images}


def sets_of(inputs):
    """Return the sets of images that predictions files are of, each once."""
    return list(dict.fromkeys(Path(path).parts[-3] for path in inputs.get("predictions", [])))


def figure_flags(wildcards, input):
    """Return the flags that hand a figure its inputs and the folders of its images."""
    inputs = SHOWS[wildcards.figure]
    given = {key: input.get(key) for key in (*inputs, "images", "classes")}
    given["titles"] = TITLES.get(wildcards.figure, [])
    given["roots"] = [ROOTS[name] for name in sets_of(inputs)]
    return " ".join(
        f"--{key.replace('_', '-')} {shlex.join([paths] if isinstance(paths, str) else paths)}"
        for key, paths in given.items()
        if paths
    )
