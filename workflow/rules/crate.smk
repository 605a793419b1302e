# The run as an RO-Crate, for those who publish or archive it.


rule crate:
    """The run as an RO-Crate: a folder with the workflow, its configuration, inputs and results."""
    input:
        page=PATHS.report,
        artefacts=[file for each in available(STUDY) for file in each.files(STUDY)],
        cards=[PATHS.card(name) for name in STUDY.networks],
        summaries=[PATHS.summary(name) for name in STUDY.image_sets],
    output:
        directory(f"{PATHS.results}/ro-crate"),
    log:
        PATHS.log("crate"),
    benchmark:
        PATHS.benchmark("crate")
    localrule: True
    conda:
        CONDA
    params:
        study=STUDY.name,
        config=CONFIG.model_dump_json(exclude_unset=True),
        workflow=untracked(str(STUDIES.parent)),
        results=untracked(PATHS.results),
    shell:
        "python -m pipeline_lib crate --study {params.study:q} --config {params.config:q} "
        "--workflow {params.workflow:q} --results {params.results:q} --inputs {input.summaries:q} "
        "--outputs {input.page:q} {input.artefacts:q} {input.cards:q} --out {output:q} --log {log:q}"
