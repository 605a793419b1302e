# Section 4.2: the image sets that patterns are discovered in. What is made of each is in its own file.

# What `all` asks for by itself, so that it is made again if it is lost.
DISCOVERED = [
    *(ROOTS[name] for name in FOUND if "world" in config),
    *expand(f"{RESULTS}/data/{{set}}/summary.json", set=FOUND),
]


if "world" in config:

    rule discovery_world:
        output:
            directory(f"{DATA_ROOT}/discovery/{{set}}"),
        log:
            f"{RESULTS}/logs/{{set}}-world.log",
        benchmark:
            f"{RESULTS}/benchmarks/{{set}}-world.tsv"
        wildcard_constraints:
            set=one_of(FOUND),
        conda:
            CONDA
        params:
            seed=config["world"]["seed"],
        shell:
            "python -m pipeline_lib.synthesize --layout {wildcards.set} --seed {params.seed} "
            "--processes {threads} --out {output} --log {log}"


rule discovery_set:
    input:
        discovery_folders,
    output:
        images=f"{RESULTS}/data/{{set}}/images.csv",
        boxes=f"{RESULTS}/data/{{set}}/boxes.csv",
        classes=f"{RESULTS}/data/{{set}}/classes.csv",
        splits=f"{RESULTS}/data/{{set}}/splits.csv",
        annotations=f"{RESULTS}/data/{{set}}/annotations.csv",
        summary=f"{RESULTS}/data/{{set}}/summary.json",
    log:
        f"{RESULTS}/logs/{{set}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{set}}.tsv"
    wildcard_constraints:
        set=one_of(FOUND),
    conda:
        CONDA
    params:
        root=lambda wildcards: ROOTS[wildcards.set],
        flags=discovery_flags,
    shell:
        "python -m pipeline_lib.index --layout {wildcards.set} --root {params.root:q} {params.flags} "
        "--images {output.images} --boxes {output.boxes} --classes {output.classes} "
        "--splits {output.splits} --annotations {output.annotations} --summary {output.summary} "
        "--log {log}"
