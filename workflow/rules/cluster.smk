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
        measured=f"{PATHS.results}/{MEASURED_FILE}",
        gpu_type=SITE.gpu_type,
        out=f"{PATHS.results}/plan.md",
    shell:
        "python -m pipeline_lib plan --snakefile {params.snakefile:q} "
        "--config {params.config:q} --manifests {params.manifests:q} --gpu-type={params.gpu_type:q} "
        "--measured {params.measured:q} --out {params.out:q} --log {log:q}"


PROBES = ["cpu", "gpu"] if CONFIG.gpu else ["cpu"]
for kind in PROBES:

    # Of all that jobs of its kind request the probe requests the most: what sbatch would refuse in
    # the middle of a run, it refuses now.
    rule:
        name:
            f"probe_{kind}"
        output:
            temp(f"{PATHS.results}/preflight/{kind}.json"),  # looked at anew each time
        log:
            PATHS.log(f"probe-{kind}"),
        conda:
            CONDA
        threads: largest("threads", kind)
        resources:
            **(gpus(flags.run.most_gpus(STUDY)) if kind == "gpu" else {}),
            **largest_sizes(kind),
        params:
            folders=lambda wildcards: shlex.join(flags.run.shared_folders(STUDY, SITE.scratch)),
        shell:
            "python -m pipeline_lib probe --folders {params.folders} --out {output:q} --log {log:q}"


rule preflight:
    """Whether the study can begin: data, disk, what jobs find on their nodes."""
    input:
        expand(f"{PATHS.results}/preflight/{{kind}}.json", kind=PROBES),
    log:
        PATHS.log("preflight"),
    localrule: True
    conda:
        CONDA
    params:
        study=STUDY.name,
        results=untracked(PATHS.results),
        flags=lambda wildcards: flags.run.preflight(STUDY, every_file(STUDY)),
        left_out=lambda wildcards: flags.run.left_out(left_out(STUDY)),
    shell:
        "python -m pipeline_lib preflight --study {params.study:q} --results {params.results:q} "
        "--probes {input:q} --plan {params.results:q}/plan.json {params.flags} {params.left_out} "
        "--out {params.results:q}/preflight/preflight.md --log {log:q}"
