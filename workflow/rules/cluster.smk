# Before a run on a cluster: what it will cost, and whether it can begin.


rule plan:
    """What the study will cost: jobs, GPU-hours, CPU-hours and disk, by stage and by target."""
    log:
        PATHS.log("plan"),
    localrule: True
    conda:
        CONDA
    params:
        snakefile=str(STUDIES.parent / "Snakefile"),
        config=CONFIG.model_dump_json(exclude_unset=True),
        manifests=f"{PATHS.results}/data",
        out=f"{PATHS.results}/plan.md",
    shell:
        "python -m pipeline_lib plan --snakefile {params.snakefile:q} "
        "--config {params.config:q} --manifests {params.manifests:q} --out {params.out:q} --log {log:q}"


rule probe:
    output:
        temp(f"{PATHS.results}/preflight/probe.json"),  # looked at anew each time
    log:
        PATHS.log("probe"),
    conda:
        CONDA
    threads: 1
    resources:
        **gpus(),
    params:
        folders=lambda wildcards: shlex.join(flags.shared_folders(STUDY, SITE.scratch)),
    shell:
        "python -m pipeline_lib probe --folders {params.folders} --out {output:q} --log {log:q}"


rule preflight:
    """Whether the study can begin: data, disk, the GPU that a job sees, versions."""
    input:
        rules.probe.output,
    log:
        PATHS.log("preflight"),
    localrule: True
    conda:
        CONDA
    params:
        study=STUDY.name,
        results=lambda wildcards, input: os.path.dirname(os.path.dirname(input[0])),
        flags=flags.preflight(STUDY),
    shell:
        "python -m pipeline_lib preflight --study {params.study:q} --results {params.results:q} "
        "--probe {input:q} --plan {params.results:q}/plan.json {params.flags} "
        "--out {params.results:q}/preflight/preflight.md --log {log:q}"
