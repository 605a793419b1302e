# Image sets: drawn, where the study is synthetic, or official; then read into manifests.

if STUDY.is_synthetic:

    rule ilsvrc_world:
        output:
            directory(STUDY.root(VAL)),
        log:
            PATHS.log("world/ilsvrc"),
        benchmark:
            PATHS.benchmark("world/ilsvrc")
        conda:
            CONDA
        threads: 2
        params:
            settings=settings(CONFIG.world),
        shell:
            "python -m pipeline_lib synthesize {params.settings} --processes {threads} "
            "--out {output:q} --log {log:q}"

    rule transfer_world:
        output:
            directory(flags.data.transfer_folders(STUDY)),
        log:
            PATHS.log("world/transfer"),
        benchmark:
            PATHS.benchmark("world/transfer")
        conda:
            CONDA
        threads: 2
        params:
            root=lambda wildcards, output: os.path.dirname(output[0]),
            seed=CONFIG.world.seed,
        shell:
            "python -m pipeline_lib synthesize --layout transfer --seed {params.seed} "
            "--processes {threads} --out {params.root:q} --log {log:q}"

    rule discovery_world:
        output:
            directory(f"{STUDY.data_root}/discovery/{{image_set}}"),
        log:
            PATHS.log("world/{image_set}"),
        benchmark:
            PATHS.benchmark("world/{image_set}")
        wildcard_constraints:
            image_set=one_of(STUDY.of_chapter("discovery")),
        conda:
            CONDA
        params:
            seed=CONFIG.world.seed,
        shell:
            "python -m pipeline_lib synthesize --layout {wildcards.image_set} "
            "--seed {params.seed} --processes {threads} --out {output:q} --log {log:q}"


rule index:
    input:
        # Official data sets are no inputs: their place and age must rerun nothing.
        drawn_folders,
    output:
        **index_tables(STUDY),
    log:
        PATHS.log("index/{image_set}"),
    benchmark:
        PATHS.benchmark("index/{image_set}")
    wildcard_constraints:
        image_set=one_of(STUDY.image_sets),
    conda:
        CONDA
    threads: flags.data.index_threads(STUDY)
    params:
        root=untracked(lambda wildcards: STUDY.root(wildcards.image_set)),
        flags=lambda wildcards: flags.data.index(STUDY, wildcards),
        contents=lambda wildcards: flags.data.official_contents(STUDY, wildcards),
    shell:
        "python -m pipeline_lib index --layout {wildcards.image_set} --root {params.root:q} "
        "{params.flags} --threads {threads} --images {output.images:q} --boxes {output.boxes:q} "
        "--masks {output.masks:q} --classes {output.classes:q} --splits {output.splits:q} "
        "--annotations {output.annotations:q} --summary {output.summary:q} --log {log:q}"


# Asked for by name, in any study, never part of `all`. Without an output they run each time.
rule check_data:
    """Which data sets are in data_root, what they lack, where to get them."""
    log:
        PATHS.log("check_data"),
    localrule: True
    conda:
        CONDA
    params:
        root=CONFIG.data_root or "",
    shell:
        "python -m pipeline_lib check_data --data-root={params.root:q} --log {log:q}"


for key in downloads():

    rule:
        name:
            f"fetch_{key}"
        log:
            PATHS.log(f"fetch_{key}"),
        localrule: True  # the nodes of a cluster often have no network
        conda:
            CONDA
        params:
            key=key,
            root=CONFIG.data_root or "",
        shell:
            "python -m pipeline_lib fetch --set {params.key:q} --data-root={params.root:q} "
            "--log {log:q}"


for key, data_set in downloads().items():
    getattr(rules, f"fetch_{key}").rule.docstring = f"Download {data_set.name} into data_root."
