# Which folders the manifests are read from, and what is missing of them.


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


def ilsvrc_folders(wildcards):
    """Return what a manifest depends on: the drawn world, or those official folders that are there."""
    if "world" in config:
        return [ILSVRC]
    folders = ["ILSVRC2012_devkit_t12/data", wildcards.split]
    return existing(*(f"{ILSVRC}/{folder}" for folder in (*folders, "bbox/val")))


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
    return existing(*FOLDERS[wildcards.set])


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
