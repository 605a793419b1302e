# Which tables and figures there are, and what each is made from.


def artefacts():
    """Return the files of each table, figure and other thing to show, by the names of the targets."""
    files = {table: [f"{RESULTS}/tables/{table}.csv"] for table in TABLES}
    files["table3"] += SUBMISSIONS
    files |= {figure: [f"{RESULTS}/figures/{figure}.png"] for figure in sorted(FIGURES)}
    return files | {"submission": SUBMISSIONS, "report": list(rules.report.output)}


def drawn_figure(name):
    """Return a figure's file; refuse, with what is missing, one that the study cannot draw."""
    if name not in FIGURES:
        for experiment, folders in FOLDERS.items():
            if EXPERIMENTS[experiment]["figure"] == name:
                if isinstance(config["discovery"]["sets"], list):
                    refuse(f"{name}: '{experiment}' is not among config.discovery.sets")
                refuse(f"{name}: needs {' and '.join(folders)}; see check_data")
        named = isinstance(config["transfer"]["sets"], list)
        where = "among config.transfer.sets" if named else f"at {TRANSFER_ROOT}; see check_data"
        refuse(f"{name}: none of the data sets it shows is {where}")
    return f"{RESULTS}/figures/{name}.png"


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
