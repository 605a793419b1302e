# Section 4.2's concepts: detectors mined from captions; CLIP on the same phrases and images, and on text.


rule mine_concepts:
    input:
        features=PATHS.features("concepts", "whole", STUDY.main),
        images=PATHS.manifest("concepts"),
        annotations=PATHS.manifest("concepts", "annotations"),
    output:
        classifier=PATHS.svm("concepts", "whole", STUDY.main),
        concepts=PATHS.discovery("concepts"),
        ranking=PATHS.discovery("concepts-ranking"),
        picked=PATHS.manifest(f"concepts{PICKED}"),
    log:
        PATHS.log("concepts/mine"),
    benchmark:
        PATHS.benchmark("concepts/mine")
    conda:
        CONDA
    threads: CONFIG.prediction.threads
    params:
        flags=flags.measures.concepts(STUDY),
    shell:
        "python -m pipeline_lib mine_concepts --features {input.features:q} "
        "--images {input.images:q} --annotations {input.annotations:q} {params.flags} "
        "--out {output.classifier:q} --concepts {output.concepts:q} "
        "--ranking {output.ranking:q} --picked {output.picked:q} --processes {threads} "
        "--log {log:q}"


if "concepts" in STUDY.clip_maps:

    rule rank_by_clip:
        input:
            checked_clip,
            images=PATHS.manifest("concepts"),
            annotations=PATHS.manifest("concepts", "annotations"),
            mined=PATHS.discovery("concepts"),
        output:
            concepts=PATHS.discovery("concepts-clip"),
            ranking=PATHS.discovery("concepts-clip-ranking"),
            picked=PATHS.manifest(STUDY.clip_maps["concepts"].image_set),
            predictions=PATHS.predictions(STUDY.clip_maps["concepts"]),
        log:
            PATHS.log("concepts/clip"),
        benchmark:
            PATHS.benchmark("concepts/clip")
        conda:
            CONDA
        threads: CONFIG.prediction.threads
        resources:
            **gpus(),
        params:
            clip=CONFIG.concepts.clip,
            contents=contents(*flags.networks.weights_of(STUDY, CONFIG.concepts.clip)),
            root=untracked(STUDY.root("concepts")),
            weights_folder=untracked(f"{STUDY.data_root}/weights"),
            flags=flags.measures.by_clip(STUDY),
            settings=untracked(settings(CONFIG.prediction, "batch", "workers")),
        shell:
            "python -m pipeline_lib rank_by_clip --clip {params.clip:q} "
            "--weights-folder {params.weights_folder:q} --images {input.images:q} "
            "--root {params.root:q} --annotations {input.annotations:q} --mined {input.mined:q} "
            "{params.flags} {params.settings} --threads {threads} --concepts {output.concepts:q} "
            "--ranking {output.ranking:q} --picked {output.picked:q} --out {output.predictions:q} "
            "--log {log:q}"


if "text" in STUDY.clip_maps:

    rule map_by_clip:
        input:
            checked_clip,
            images=PATHS.manifest("text"),
        output:
            PATHS.predictions(STUDY.clip_maps["text"]),
        log:
            PATHS.log("text/clip"),
        benchmark:
            PATHS.benchmark("text/clip")
        conda:
            CONDA
        threads: CONFIG.prediction.threads
        resources:
            **gpus(),
        params:
            clip=CONFIG.concepts.clip,
            contents=contents(*flags.networks.weights_of(STUDY, CONFIG.concepts.clip)),
            root=untracked(STUDY.root("text")),
            weights_folder=untracked(f"{STUDY.data_root}/weights"),
            precision=flags.measures.precision(STUDY),
            settings=untracked(settings(CONFIG.prediction, "batch", "workers")),
        shell:
            "python -m pipeline_lib map_by_clip --clip {params.clip:q} "
            "--weights-folder {params.weights_folder:q} --images {input.images:q} "
            "--root {params.root:q} {params.precision} {params.settings} --threads {threads} "
            "--out {output:q} --log {log:q}"

    use rule measure_text as measure_text_by_clip with:
        input:
            predictions=PATHS.predictions(STUDY.clip_maps["text"]),
            images=PATHS.manifest("text"),
            true_boxes=PATHS.manifest("text", "boxes"),
            splits=PATHS.manifest("text", "splits"),
        output:
            measures=PATHS.discovery("text-clip"),
            by_image=PATHS.discovery("text-clip-images"),
        log:
            PATHS.log("text/measure_by_clip"),
        benchmark:
            PATHS.benchmark("text/measure_by_clip")
