# Section 4.2: scenes, text and questions, all by the main network's features.


rule fit_scenes:
    input:
        features=PATHS.features("scenes", "whole", STUDY.main),
        images=PATHS.manifest("scenes"),
    output:
        classifier=PATHS.svm("scenes", "whole", STUDY.main),
        scores=PATHS.svm("scenes", "whole", STUDY.main, "json"),
    log:
        PATHS.log("scenes/fit"),
    benchmark:
        PATHS.benchmark("scenes/fit")
    conda:
        CONDA
    threads: CONFIG.prediction.threads
    resources:
        **gpus(),
    params:
        settings=settings(CONFIG.transfer, *SvmConfig.model_fields),
    shell:
        "python -m pipeline_lib fit_scenes --features {input.features:q} "
        "--images {input.images:q} {params.settings} --threads {threads} "
        "--out {output.classifier:q} --scores {output.scores:q} --log {log:q}"


rule measure_scenes:
    input:
        predictions=PATHS.predictions(STUDY.main_maps(SVM, "scenes")),
        images=PATHS.manifest("scenes"),
        classes=PATHS.manifest("scenes", "classes"),
        annotations=PATHS.manifest("scenes", "annotations"),
    output:
        PATHS.discovery("scenes"),
    log:
        PATHS.log("scenes/measure"),
    benchmark:
        PATHS.benchmark("scenes/measure")
    conda:
        CONDA
    params:
        interpolation=settings(CONFIG.boxes, "interpolation"),
        settings=settings(CONFIG.scenes, *flags.measures.HIGHLIGHT_KEYS),
    shell:
        "python -m pipeline_lib measure_scenes --predictions {input.predictions:q} "
        "--images {input.images:q} --classes {input.classes:q} "
        "--annotations {input.annotations:q} {params.settings} {params.interpolation} "
        "--out {output:q} --log {log:q}"


rule measure_text:
    input:
        predictions=PATHS.predictions(STUDY.main_maps(SVM, "text")),
        images=PATHS.manifest("text"),
        true_boxes=PATHS.manifest("text", "boxes"),
        splits=PATHS.manifest("text", "splits"),
    output:
        measures=PATHS.discovery("text"),
        by_image=PATHS.discovery("text-images"),
    log:
        PATHS.log("text/measure"),
    benchmark:
        PATHS.benchmark("text/measure")
    conda:
        CONDA
    params:
        settings=settings(CONFIG.boxes, "threshold", "interpolation"),
    shell:
        "python -m pipeline_lib measure_text --predictions {input.predictions:q} "
        "--images {input.images:q} --true-boxes {input.true_boxes:q} --splits {input.splits:q} "
        "{params.settings} --out {output.measures:q} --by-image {output.by_image:q} --log {log:q}"


rule answer:
    input:
        features=PATHS.features("vqa", "whole", STUDY.main),
        images=PATHS.manifest("vqa"),
        questions=PATHS.manifest("vqa", "annotations"),
    output:
        scores=PATHS.discovery("vqa"),
        answers=PATHS.discovery("vqa-answers"),
        classifier=PATHS.svm("vqa", "whole", STUDY.main),
        submissions=list(STUDY.vqa_submissions.values()),
    log:
        PATHS.log("vqa/answer"),
    benchmark:
        PATHS.benchmark("vqa/answer")
    conda:
        CONDA
    threads: CONFIG.prediction.threads
    resources:
        **gpus(),
    params:
        settings=settings(CONFIG.vqa),
        submissions=flags.measures.answer_submissions(STUDY),
    shell:
        "python -m pipeline_lib answer --features {input.features:q} --images {input.images:q} "
        "--questions {input.questions:q} {params.settings} --threads {threads} "
        "--scores {output.scores:q} --answers {output.answers:q} "
        "--classifier {output.classifier:q} {params.submissions} --log {log:q}"


rule pick_questions:
    input:
        answers=PATHS.discovery("vqa-answers"),
        questions=PATHS.manifest("vqa", "annotations"),
        images=PATHS.manifest("vqa"),
    output:
        questions=PATHS.discovery("vqa-shown"),
        images=PATHS.manifest(f"vqa{PICKED}"),
    log:
        PATHS.log("vqa/pick"),
    benchmark:
        PATHS.benchmark("vqa/pick")
    localrule: True
    conda:
        CONDA
    shell:
        "python -m pipeline_lib pick_questions --answers {input.answers:q} "
        "--questions {input.questions:q} --images {input.images:q} --out {output.questions:q} "
        "--picked {output.images:q} --log {log:q}"
