# Section 3.2: maps once, then boxes, scores and thresholds, which need no network.


rule predict:
    input:
        lambda wildcards: flags.measures.classifier(STUDY, wildcards),
        weights=PATHS.weights("{network}"),
        card=PATHS.card("{network}"),
        images=PATHS.manifest("{image_set}"),
    output:
        PATHS.predictions(MAPS),
    log:
        PATHS.log("predict/{image_set}/{map_source}/{crops}/{network}"),
    benchmark:
        PATHS.benchmark("predict/{image_set}/{map_source}/{crops}/{network}")
    wildcard_constraints:
        map_source=one_of(name for name in PREDICTED if name not in STUDY.shared_methods),
    conda:
        CONDA
    threads: CONFIG.prediction.threads
    resources:
        **gpus(),
    params:
        flags=lambda wildcards: flags.measures.predict(STUDY, wildcards),
        root=untracked(lambda wildcards: STUDY.root(wildcards.image_set)),
        settings=untracked(settings(CONFIG.prediction, "batch", "workers")),
    shell:
        "python -m pipeline_lib predict --network {input.weights:q} --images {input.images:q} "
        "--root {params.root:q} {params.flags} {params.settings} --threads {threads} "
        "--out {output:q} --log {log:q}"


rule localize:
    input:
        predictions=PATHS.predictions(MAPS),
        images=PATHS.manifest("{image_set}"),
    output:
        PATHS.boxes(MAPS, "{box_method}"),
    log:
        PATHS.log("localize/{image_set}/{map_source}/{crops}/{box_method}/{network}"),
    benchmark:
        PATHS.benchmark("localize/{image_set}/{map_source}/{crops}/{box_method}/{network}")
    conda:
        CONDA
    threads: CONFIG.prediction.threads
    params:
        flags=lambda wildcards: flags.measures.localize(STUDY, wildcards),
        root=untracked(lambda wildcards: STUDY.root(wildcards.image_set)),
        # Not an output: Snakemake deletes a failed job's outputs, and this must outlive it.
        partial=PATHS.partial_boxes(MAPS, "{box_method}"),
    shell:
        "python -m pipeline_lib localize --predictions {input.predictions:q} "
        "--images {input.images:q} --box-method {wildcards.box_method} {params.flags} "
        "--root {params.root:q} --processes {threads} --partial {params.partial:q} "
        "--out {output:q} --log {log:q}"


rule evaluate:
    input:
        predictions=PATHS.predictions(VAL_MAPS),
        boxes=PATHS.boxes(VAL_MAPS, "{box_method}"),
        images=PATHS.manifest(VAL),
        true_boxes=PATHS.manifest(VAL, "boxes"),
    output:
        scores=PATHS.scores(VAL_MAPS, "{box_method}"),
        outcomes=PATHS.outcomes(PATHS.scores(VAL_MAPS, "{box_method}")),
    log:
        PATHS.log("evaluate/{map_source}/{crops}/{box_method}/{network}"),
    benchmark:
        PATHS.benchmark("evaluate/{map_source}/{crops}/{box_method}/{network}")
    conda:
        CONDA
    shell:
        "python -m pipeline_lib evaluate --predictions {input.predictions:q} "
        "--boxes {input.boxes:q} --images {input.images:q} --true-boxes {input.true_boxes:q} "
        "--out {output.scores:q} --outcomes {output.outcomes:q} --log {log:q}"


rule evaluate_centred_box:
    input:
        images=PATHS.manifest(VAL),
        true_boxes=PATHS.manifest(VAL, "boxes"),
    output:
        scores=PATHS.centred_scores,
        outcomes=PATHS.outcomes(PATHS.centred_scores),
    log:
        PATHS.log("evaluate/centred-box"),
    benchmark:
        PATHS.benchmark("evaluate/centred-box")
    localrule: True
    conda:
        CONDA
    params:
        settings=settings(CONFIG.boxes, "centred_fraction"),
    shell:
        "python -m pipeline_lib evaluate {params.settings} --images {input.images:q} "
        "--true-boxes {input.true_boxes:q} --out {output.scores:q} "
        "--outcomes {output.outcomes:q} --log {log:q}"


rule sweep:
    input:
        held_out_images,
        predictions=PATHS.predictions(VAL_MAPS),
        images=PATHS.manifest(VAL),
        true_boxes=PATHS.manifest(VAL, "boxes"),
    output:
        curve=PATHS.curve(VAL_MAPS),
        scores=PATHS.scores(VAL_MAPS, "sweep"),
        outcomes=PATHS.outcomes(PATHS.scores(VAL_MAPS, "sweep")),
    log:
        PATHS.log("sweep/{map_source}/{crops}/{network}"),
    benchmark:
        PATHS.benchmark("sweep/{map_source}/{crops}/{network}")
    conda:
        CONDA
    threads: CONFIG.prediction.threads
    params:
        held_out=lambda wildcards: flags.measures.held_out(STUDY, wildcards),
        settings=settings(CONFIG.boxes, "held_out_fraction", "interpolation"),
    shell:
        "python -m pipeline_lib sweep --predictions {input.predictions:q} "
        "--images {input.images:q} --true-boxes {input.true_boxes:q} {params.held_out} {params.settings} "
        "--processes {threads} --out {output.curve:q} --scores {output.scores:q} "
        "--outcomes {output.outcomes:q} --log {log:q}"


rule submit:
    input:
        boxes=PATHS.boxes(STUDY.main_maps(image_set=TEST, crops=TEN_CROP), "authors"),
        classes=PATHS.manifest(TEST, "classes"),
    output:
        PATHS.submission(f"{STUDY.main}-{{guesses}}.txt"),
    log:
        PATHS.log(f"submit/{STUDY.main}-{{guesses}}"),
    benchmark:
        PATHS.benchmark(f"submit/{STUDY.main}-{{guesses}}")
    wildcard_constraints:
        guesses="plain|heuristics",
    localrule: True
    conda:
        CONDA
    shell:
        "python -m pipeline_lib submit --boxes {input.boxes:q} --classes {input.classes:q} "
        "--guesses {wildcards.guesses} --out {output:q} --log {log:q}"
