# Section 3's networks: trained here, or taken over ready-trained.

PACKED = f"{SCRATCH}/packed/ilsvrc-train"


if config["training"]["pack"]:

    rule pack:
        input:
            images=f"{RESULTS}/data/ilsvrc-train/images.csv",
        output:
            # The shards beside it are not declared: they must outlive a failed job.
            f"{PACKED}/index.json",
        log:
            f"{RESULTS}/logs/pack.log",
        benchmark:
            f"{RESULTS}/benchmarks/pack.tsv"
        conda:
            CONDA
        threads: max(1, config["training"]["workers"])
        params:
            root=ILSVRC,
            folder=lambda wildcards, output: os.path.dirname(output[0]),
            side=config["training"]["warp"],
        shell:
            "python -m pipeline_lib.pack --images {input.images} --root {params.root:q} "
            "--side {params.side} --processes {threads} --out {params.folder} --log {log}"


rule train:
    input:
        training_input,
        images=f"{RESULTS}/data/ilsvrc-train/images.csv",
    output:
        weights=f"{RESULTS}/networks/{{network}}.safetensors",
        card=f"{RESULTS}/networks/{{network}}.json",
    log:
        f"{RESULTS}/logs/train/{{network}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train/{{network}}.tsv"
    wildcard_constraints:
        network=one_of(TRAINED),
    conda:
        CONDA
    threads: config["training"]["threads"]
    resources:
        **gpus(config["training"]["processes"], config["training"]["nodes"]),
    params:
        launcher=launcher,
        flags=training_flags,
        root=ILSVRC,
        # Not outputs: Snakemake deletes a failed job's outputs, and these must outlive it.
        checkpoints=f"{SCRATCH}/checkpoints/{{network}}",
        history=f"{RESULTS}/history/{{network}}",
        weights_folder=f"{DATA_ROOT}/weights",
        workers=config["training"]["workers"],
        save_every=config["training"]["save_every"],
    shell:
        "{params.launcher} pipeline_lib.train {params.flags} "
        "--weights-folder {params.weights_folder:q} --images {input.images} "
        "--root {params.root:q} --workers {params.workers} --threads {threads} "
        "--save-every {params.save_every} --checkpoints {params.checkpoints} "
        "--history {params.history} --out {output.weights} --log {log}"


rule adopt:
    input:
        weights_of,
    output:
        weights=f"{RESULTS}/networks/{{network}}.safetensors",
        card=f"{RESULTS}/networks/{{network}}.json",
    log:
        f"{RESULTS}/logs/adopt/{{network}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/adopt/{{network}}.tsv"
    wildcard_constraints:
        network=one_of(ADOPTED),
    localrule: True
    conda:
        CONDA
    params:
        flags=adoption_flags,
        weights_folder=f"{DATA_ROOT}/weights",
    shell:
        "python -m pipeline_lib.adopt {params.flags} --weights-folder {params.weights_folder:q} "
        "--out {output.weights} --log {log}"
