# Map methods beside one another (table_maps): what the maps of section 3.2 would be by another method.

BOX_SETTINGS = settings(CONFIG.boxes, "threshold", "held_out_fraction", "interpolation")

if STUDY.shared_methods:

    rule predict_methods:
        input:
            weights=PATHS.weights("{network}"),
            card=PATHS.card("{network}"),
            images=PATHS.manifest("{image_set}"),
        output:
            [
                PATHS.predictions(Maps("{image_set}", method, ONE_CROP, "{network}"))
                for method in STUDY.shared_methods
            ],
        log:
            PATHS.log("predict_methods/{image_set}/{network}"),
        benchmark:
            PATHS.benchmark("predict_methods/{image_set}/{network}")
        wildcard_constraints:
            image_set=one_of([VAL, HELD_OUT]),
        conda:
            CONDA
        threads: CONFIG.prediction.threads
        resources:
            **gpus(),
        params:
            flags=lambda wildcards: flags.measures.predict_methods(STUDY, wildcards),
            root=untracked(lambda wildcards: STUDY.root(wildcards.image_set)),
            settings=untracked(settings(CONFIG.prediction, "batch", "workers")),
        shell:
            "python -m pipeline_lib predict --network {input.weights:q} --images {input.images:q} "
            "--root {params.root:q} {params.flags} {params.settings} --threads {threads} "
            "--out {output:q} --log {log:q}"


if CONFIG.map_methods.few_shot:

    rule few_shot:
        input:
            [PATHS.manifest(HELD_OUT, table) for table in ("images", "boxes")]
            if HELD_OUT in STUDY.image_sets
            else [],
            weights=PATHS.weights("{network}"),
            card=PATHS.card("{network}"),
            images=PATHS.manifest(VAL),
            true_boxes=PATHS.manifest(VAL, "boxes"),
        output:
            PATHS.predictions(Maps(VAL, FEW_SHOT, ONE_CROP, "{network}")),
        log:
            PATHS.log("few_shot/{network}"),
        benchmark:
            PATHS.benchmark("few_shot/{network}")
        conda:
            CONDA
        threads: CONFIG.prediction.threads
        resources:
            **gpus(),
        params:
            flags=flags.measures.few_shot(STUDY),
            root=untracked(STUDY.root(VAL)),
            settings=untracked(settings(CONFIG.prediction, "batch", "workers")),
        shell:
            "python -m pipeline_lib few_shot --network {input.weights:q} --images {input.images:q} "
            "--true-boxes {input.true_boxes:q} --root {params.root:q} {params.flags} "
            "{params.settings} --threads {threads} --out {output:q} --log {log:q}"


rule measure_maps:
    input:
        held_out_images,
        predictions=PATHS.predictions(VAL_MAPS),
        images=PATHS.manifest(VAL),
        true_boxes=PATHS.manifest(VAL, "boxes"),
        masks=PATHS.manifest(VAL, "masks"),
    output:
        scores=PATHS.map_scores(VAL_MAPS),
        outcomes=PATHS.outcomes(PATHS.map_scores(VAL_MAPS)),
    log:
        PATHS.log("measure_maps/{map_source}/{crops}/{network}"),
    benchmark:
        PATHS.benchmark("measure_maps/{map_source}/{crops}/{network}")
    conda:
        CONDA
    threads: CONFIG.prediction.threads
    params:
        root=untracked(STUDY.root(VAL)),
        held_out=lambda wildcards: flags.measures.held_out(STUDY, wildcards),
        settings=BOX_SETTINGS,
    shell:
        "python -m pipeline_lib measure_maps --predictions {input.predictions:q} "
        "--images {input.images:q} --true-boxes {input.true_boxes:q} --masks {input.masks:q} --root {params.root:q} {params.held_out} {params.settings} "
        "--processes {threads} --out {output.scores:q} --outcomes {output.outcomes:q} --log {log:q}"


rule measure_svm_maps:
    input:
        lambda wildcards: sum(flags.measures.svm_map_files(STUDY, wildcards).values(), []),
        images=PATHS.manifest("{image_set}"),
        true_boxes=PATHS.manifest("{image_set}", "boxes"),
        masks=PATHS.manifest("{image_set}", "masks"),
        splits=PATHS.manifest("{image_set}", "splits"),
    output:
        scores=PATHS.svm_map_scores("{image_set}", "{mapped}"),
        outcomes=PATHS.outcomes(PATHS.svm_map_scores("{image_set}", "{mapped}")),
    log:
        PATHS.log("measure_maps/{image_set}/{mapped}"),
    benchmark:
        PATHS.benchmark("measure_maps/{image_set}/{mapped}")
    wildcard_constraints:
        image_set=one_of(STUDY.svm_mapped),
        mapped=one_of(dict.fromkeys(sum(STUDY.svm_mapped.values(), []))),
    conda:
        CONDA
    threads: CONFIG.prediction.threads
    params:
        root=untracked(lambda wildcards: STUDY.root(wildcards.image_set)),
        flags=lambda wildcards: flags.measures.svm_maps(STUDY, wildcards),
        settings=BOX_SETTINGS,
    shell:
        "python -m pipeline_lib measure_maps {params.flags} --images {input.images:q} "
        "--true-boxes {input.true_boxes:q} --masks {input.masks:q} --splits {input.splits:q} "
        "--root {params.root:q} {params.settings} --processes {threads} "
        "--out {output.scores:q} --outcomes {output.outcomes:q} --log {log:q}"


rule measure_centred_gaussian:
    input:
        images=PATHS.manifest(VAL),
        true_boxes=PATHS.manifest(VAL, "boxes"),
        masks=PATHS.manifest(VAL, "masks"),
    output:
        scores=PATHS.gaussian_scores,
        outcomes=PATHS.outcomes(PATHS.gaussian_scores),
    log:
        PATHS.log("measure_maps/centred-gaussian"),
    benchmark:
        PATHS.benchmark("measure_maps/centred-gaussian")
    conda:
        CONDA
    threads: CONFIG.prediction.threads
    params:
        root=untracked(STUDY.root(VAL)),
        settings=BOX_SETTINGS,
    shell:
        "python -m pipeline_lib measure_maps --images {input.images:q} "
        "--true-boxes {input.true_boxes:q} --masks {input.masks:q} --root {params.root:q} {params.settings} --processes {threads} "
        "--out {output.scores:q} --outcomes {output.outcomes:q} --log {log:q}"
