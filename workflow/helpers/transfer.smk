# Section 4: splits, crops, classifiers, Tables 4 and 5.


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
            if isinstance(config["transfer"]["sets"], list):
                why = "not computed: not among config.transfer.sets"
            flags.append(f"--absent {shlex.quote(f'{name}={why}')}")
    if "world" in config:
        flags.append("--note 'The images are synthetic, in the layouts of the sets.'")
    return " ".join(flags)
