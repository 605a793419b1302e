# What the page has beside tables and figures.


rule explorer:
    input:
        **EXPLORER.inputs(STUDY),
    output:
        PATHS.explorer,
    log:
        PATHS.log("explorer"),
    benchmark:
        PATHS.benchmark("explorer")
    localrule: True
    conda:
        CONDA
    params:
        flags=lambda wildcards, input: EXPLORER.flags(STUDY, input),
        settings=settings(CONFIG.report),
    shell:
        "python -m pipeline_lib explorer {params.flags} {params.settings} --out {output:q} --log {log:q}"
