# Before a run on a cluster: what it will cost, and whether it can begin.


rule plan:
    log:
        f"{RESULTS}/logs/plan.log",
    localrule: True
    conda:
        CONDA
    params:
        snakefile=f"{workflow.basedir}/Snakefile",
        config=lambda wildcards: json.dumps(config),
        artefacts=lambda wildcards: json.dumps(artefacts()),
        manifests=f"{RESULTS}/data",
        out=f"{RESULTS}/plan.md",
    shell:
        "python -m pipeline_lib.plan --snakefile {params.snakefile:q} --config {params.config:q} "
        "--artefacts {params.artefacts:q} --manifests {params.manifests} --out {params.out} --log {log}"


rule probe:
    output:
        temp(f"{RESULTS}/preflight/probe.json"),  # a new look each time
    log:
        f"{RESULTS}/logs/probe.log",
    conda:
        CONDA
    threads: 1
    resources:
        **gpus(1),
    params:
        folders=lambda wildcards: shlex.join(seen_by_jobs()),
    shell:
        "python -m pipeline_lib.probe --folders {params.folders} --out {output} --log {log}"


rule preflight:
    input:
        rules.probe.output,
    log:
        f"{RESULTS}/logs/preflight.log",
    localrule: True
    conda:
        CONDA
    params:
        study=STUDY,
        results=lambda wildcards, input: os.path.dirname(os.path.dirname(input[0])),
        flags=preflight_flags,
    shell:
        "python -m pipeline_lib.preflight --study {params.study} --results {params.results} "
        "--probe {input} --plan {params.results}/plan.json {params.flags} "
        "--out {params.results}/preflight/preflight.md --log {log}"
