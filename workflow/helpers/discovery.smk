# Section 4.2 and Section 5: concepts and units.


def concept_flags(_wildcards):
    """Return the flags of mining: the concepts that are given, or how to find some."""
    asked = config["concepts"]
    if "phrases" in asked:
        return f"--phrases {shlex.join(asked['phrases'])}"
    return f"--count {asked['count']} --longest {asked['longest']} --least {asked['least']}"


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
