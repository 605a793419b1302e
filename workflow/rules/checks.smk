# What maps are checked for beside the paper's measures: whether they depend on what the network has
# learned, and on request how faithful they are to its scores.


rule randomize:
    input:
        weights=PATHS.weights("{network}"),
        card=PATHS.card("{network}"),
        predictions=PATHS.predictions(STUDY.main_maps()._replace(network="{network}")),
        images=PATHS.manifest(VAL),
    output:
        PATHS.randomized("{network}"),
    log:
        PATHS.log("randomize/{network}"),
    benchmark:
        PATHS.benchmark("randomize/{network}")
    conda:
        CONDA
    threads: CONFIG.prediction.threads
    resources:
        **gpus(),
    params:
        flags=lambda wildcards: flags.measures.randomize(STUDY, wildcards),
        root=untracked(STUDY.root(VAL)),
        settings=untracked(settings(CONFIG.prediction, "batch", "workers")),
    shell:
        "python -m pipeline_lib randomize --network {input.weights:q} "
        "--predictions {input.predictions:q} --images {input.images:q} --root {params.root:q} "
        "{params.flags} {params.settings} --threads {threads} --out {output:q} --log {log:q}"


rule measure_faithfulness:
    input:
        weights=PATHS.weights("{network}"),
        card=PATHS.card("{network}"),
        predictions=PATHS.predictions(VAL_MAPS),
        images=PATHS.manifest(VAL),
    output:
        scores=PATHS.faithfulness(VAL_MAPS),
        outcomes=PATHS.outcomes(PATHS.faithfulness(VAL_MAPS)),
    log:
        PATHS.log("faithfulness/{map_source}/{crops}/{network}"),
    benchmark:
        PATHS.benchmark("faithfulness/{map_source}/{crops}/{network}")
    conda:
        CONDA
    threads: CONFIG.prediction.threads
    resources:
        **gpus(),
    params:
        flags=lambda wildcards: flags.measures.faithfulness(STUDY, wildcards),
        root=untracked(STUDY.root(VAL)),
        settings=untracked(settings(CONFIG.prediction, "batch", "workers")),
    shell:
        "python -m pipeline_lib measure_faithfulness --network {input.weights:q} "
        "--predictions {input.predictions:q} --images {input.images:q} --root {params.root:q} "
        "{params.flags} {params.settings} --threads {threads} --out {output.scores:q} "
        "--outcomes {output.outcomes:q} --log {log:q}"
