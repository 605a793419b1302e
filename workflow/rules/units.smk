# Section 5: the units that classes rely on, in ILSVRC's images and, where they are, Places205's.


rule find_units:
    input:
        weights=PATHS.weights("{network}"),
        card=PATHS.card("{network}"),
        images=PATHS.manifest("{image_set}"),
        classes=PATHS.manifest("{image_set}", "classes"),
    output:
        PATHS.units("{image_set}", "{network}"),
    log:
        PATHS.log("units/{image_set}/{network}"),
    benchmark:
        PATHS.benchmark("units/{image_set}/{network}")
    conda:
        CONDA
    threads: CONFIG.prediction.threads
    resources:
        **gpus(),
    params:
        flags=lambda wildcards: flags.measures.units(STUDY, wildcards),
        root=untracked(lambda wildcards: STUDY.root(wildcards.image_set)),
        settings=untracked(settings(CONFIG.prediction, "batch", "workers")),
    shell:
        "python -m pipeline_lib find_units --network {input.weights:q} --images {input.images:q} "
        "--root {params.root:q} --names {input.classes:q} {params.flags} {params.settings} "
        "--threads {threads} --out {output:q} --log {log:q}"


rule measure_units:
    input:
        unpack(lambda wildcards: flags.measures.unit_files(STUDY, wildcards.units)),
    output:
        PATHS.discovery("{units}"),
    log:
        PATHS.log("{units}"),
    benchmark:
        PATHS.benchmark("{units}")
    wildcard_constraints:
        units=one_of(STUDY.unit_sets),
    localrule: True
    conda:
        CONDA
    shell:
        "python -m pipeline_lib measure_units --units {input.units:q} --images {input.images:q} "
        "--boxes {input.boxes:q} --names {input.classes:q} --out {output:q} --log {log:q}"
