# Section 4: features and linear SVMs on them.


rule features:
    input:
        lambda wildcards: flags.measures.crop_boxes(STUDY, wildcards),
        weights=PATHS.weights("{network}"),
        card=PATHS.card("{network}"),
        images=PATHS.manifest("{image_set}"),
    output:
        PATHS.features("{image_set}", "{crop}", "{network}"),
    log:
        PATHS.log("features/{image_set}/{crop}/{network}"),
    benchmark:
        PATHS.benchmark("features/{image_set}/{crop}/{network}")
    wildcard_constraints:
        image_set=one_of([*STUDY.of_chapter("transfer", "masks", "discovery"), f"{TRAIN}{SAMPLED}"]),
    conda:
        CONDA
    threads: CONFIG.prediction.threads
    resources:
        **gpus(),
    params:
        flags=lambda wildcards: flags.measures.features(STUDY, wildcards),
        root=untracked(lambda wildcards: STUDY.root(wildcards.image_set)),
        # Not an output: Snakemake deletes a failed job's outputs, and this must outlive it.
        partial=PATHS.partial_features("{image_set}", "{crop}", "{network}"),
        settings=untracked(settings(CONFIG.prediction, "batch", "workers")),
        precision=settings(CONFIG.transfer, "precision"),
    shell:
        "python -m pipeline_lib extract --network {input.weights:q} --images {input.images:q} "
        "--root {params.root:q} {params.flags} {params.settings} --threads {threads} "
        "{params.precision} --partial {params.partial:q} --out {output:q} --log {log:q}"


rule fit:
    input:
        features=PATHS.features("{image_set}", "{crop}", "{network}"),
        images=PATHS.manifest("{image_set}"),
        splits=PATHS.manifest("{image_set}", "splits"),
    output:
        classifier=PATHS.svm("{image_set}", "{crop}", "{network}"),
        scores=PATHS.svm("{image_set}", "{crop}", "{network}", "csv"),
        decisions=PATHS.svm("{image_set}", "{crop}", "{network}", "decisions.csv"),
        outcomes=PATHS.outcomes(PATHS.svm("{image_set}", "{crop}", "{network}", "csv")),
    log:
        PATHS.log("fit/{image_set}/{crop}/{network}"),
    benchmark:
        PATHS.benchmark("fit/{image_set}/{crop}/{network}")
    wildcard_constraints:
        image_set=one_of([*STUDY.of_chapter("transfer", "masks"), "text", f"{TRAIN}{SAMPLED}"]),
    conda:
        CONDA
    threads: CONFIG.prediction.threads
    resources:
        **gpus(),
    params:
        title=lambda wildcards: STUDY.title(wildcards.image_set),
        settings=settings(CONFIG.transfer, *SvmConfig.model_fields),
    shell:
        "python -m pipeline_lib fit --features {input.features:q} --images {input.images:q} "
        "--splits {input.splits:q} --set {params.title:q} --crop {wildcards.crop} "
        "{params.settings} --threads {threads} --out {output.classifier:q} "
        "--scores {output.scores:q} --decisions {output.decisions:q} "
        "--outcomes {output.outcomes:q} --log {log:q}"


rule sample_images:
    input:
        images=PATHS.manifest(TRAIN),
    output:
        images=PATHS.manifest(f"{TRAIN}{SAMPLED}"),
        splits=PATHS.manifest(f"{TRAIN}{SAMPLED}", "splits"),
    log:
        PATHS.log(f"sample/{TRAIN}"),
    benchmark:
        PATHS.benchmark(f"sample/{TRAIN}")
    localrule: True
    conda:
        CONDA
    params:
        settings=settings(CONFIG.transfer, "head_images"),
    shell:
        "python -m pipeline_lib sample_images --images {input.images:q} {params.settings} "
        "--out {output.images:q} --splits {output.splits:q} --log {log:q}"


rule pick_images:
    input:
        decisions=PATHS.svm("{image_set}", "whole", STUDY.main, "decisions.csv"),
        images=PATHS.manifest("{image_set}"),
    output:
        PATHS.manifest(f"{{image_set}}{PICKED}"),
    log:
        PATHS.log("pick/{image_set}"),
    benchmark:
        PATHS.benchmark("pick/{image_set}")
    wildcard_constraints:
        image_set=one_of(STUDY.of_chapter("transfer")),
    localrule: True
    conda:
        CONDA
    shell:
        "python -m pipeline_lib pick_images --decisions {input.decisions:q} "
        "--images {input.images:q} --out {output:q} --log {log:q}"


rule evaluate_birds:
    input:
        images=PATHS.manifest(BIRDS),
        true_boxes=PATHS.manifest(BIRDS, "boxes"),
        splits=PATHS.manifest(BIRDS, "splits"),
        boxes=PATHS.boxes(STUDY.main_maps(SVM, BIRDS), "paper"),
    output:
        scores=PATHS.bird_boxes,
        outcomes=PATHS.outcomes(PATHS.bird_boxes),
    log:
        PATHS.log("evaluate/birds"),
    benchmark:
        PATHS.benchmark("evaluate/birds")
    localrule: True
    conda:
        CONDA
    params:
        row=f"{STUDY.networks[STUDY.main].label} on crop",
    shell:
        "python -m pipeline_lib evaluate_birds --images {input.images:q} "
        "--true-boxes {input.true_boxes:q} --splits {input.splits:q} --boxes {input.boxes:q} "
        "--name {params.row:q} --out {output.scores:q} --outcomes {output.outcomes:q} --log {log:q}"
