# What one can browse on the page: maps, errors, units and concepts.


rule explorer:
    input:
        **EXPLORER.inputs(STUDY),
    output:
        PATHS.browsed("explorer"),
    log:
        PATHS.log("browse/explorer"),
    benchmark:
        PATHS.benchmark("browse/explorer")
    localrule: True
    conda:
        CONDA
    params:
        flags=lambda wildcards, input: EXPLORER.flags(STUDY, input),
        settings=settings(CONFIG.report),
    shell:
        "python -m pipeline_lib explorer {params.flags} {params.settings} --out {output:q} --log {log:q}"


rule diagnose:
    input:
        scores=PATHS.scores(STUDY.main_maps(), "paper"),
        outcomes=PATHS.outcomes(PATHS.scores(STUDY.main_maps(), "paper")),
        boxes=PATHS.boxes(STUDY.main_maps(), "paper"),
        images=PATHS.manifest(VAL),
        true_boxes=PATHS.manifest(VAL, "boxes"),
        classes=PATHS.manifest(VAL, "classes"),
    output:
        by_image=PATHS.errors(STUDY.main),
        section=PATHS.browsed("errors"),
    log:
        PATHS.log("browse/errors"),
    benchmark:
        PATHS.benchmark("browse/errors")
    localrule: True
    conda:
        CONDA
    params:
        root=untracked(lambda wildcards: STUDY.root(VAL)),
    shell:
        "python -m pipeline_lib diagnose --scores {input.scores:q} --outcomes {input.outcomes:q} "
        "--boxes {input.boxes:q} --images {input.images:q} --true-boxes {input.true_boxes:q} "
        "--names {input.classes:q} --root {params.root:q} --by-image {output.by_image:q} "
        "--out {output.section:q} --log {log:q}"


rule browse_units:
    input:
        units=lambda wildcards: PATHS.units(*STUDY.unit_sets[wildcards.units]),
        measures=PATHS.discovery("{units}"),
        images=lambda wildcards: PATHS.manifest(STUDY.unit_sets[wildcards.units][0]),
        classes=lambda wildcards: PATHS.manifest(STUDY.unit_sets[wildcards.units][0], "classes"),
    output:
        PATHS.browsed("{units}"),
    log:
        PATHS.log("browse/{units}"),
    benchmark:
        PATHS.benchmark("browse/{units}")
    wildcard_constraints:
        units=one_of(STUDY.unit_sets),
    localrule: True
    conda:
        CONDA
    params:
        root=untracked(lambda wildcards: STUDY.root(STUDY.unit_sets[wildcards.units][0])),
    shell:
        "python -m pipeline_lib browse_units --units {input.units:q} --measures {input.measures:q} "
        "--images {input.images:q} --names {input.classes:q} --root {params.root:q} "
        "--out {output:q} --log {log:q}"


rule browse_concepts:
    input:
        concepts=PATHS.discovery("concepts"),
        ranking=PATHS.discovery("concepts-ranking"),
        images=PATHS.manifest("concepts"),
        card=PATHS.card(STUDY.main),
    output:
        PATHS.browsed("concepts"),
    log:
        PATHS.log("browse/concepts"),
    benchmark:
        PATHS.benchmark("browse/concepts")
    localrule: True
    conda:
        CONDA
    params:
        root=untracked(lambda wildcards: STUDY.root("concepts")),
    shell:
        "python -m pipeline_lib browse_concepts --concepts {input.concepts:q} "
        "--ranking {input.ranking:q} --images {input.images:q} --card {input.card:q} "
        "--root {params.root:q} --out {output:q} --log {log:q}"
