# Section 3's networks: trained here, or taken over ready-trained.


rule train:
    input:
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
    params:
        flags=training_flags,
        root=ILSVRC,
        # Not an output: Snakemake deletes a failed job's outputs, and these must outlive it.
        checkpoints=f"{RESULTS}/checkpoints/{{network}}",
        weights_folder=f"{DATA_ROOT}/weights",
        workers=config["training"]["workers"],
        save_every=config["training"]["save_every"],
    shell:
        "python -m pipeline_lib.train --name {wildcards.network} {params.flags} "
        "--weights-folder {params.weights_folder:q} --images {input.images} "
        "--root {params.root:q} --workers {params.workers} --threads {threads} "
        "--save-every {params.save_every} --checkpoints {params.checkpoints} "
        "--out {output.weights} --log {log}"


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
    conda:
        CONDA
    params:
        network=library_name,
        library=library_flag,
        weights_folder=f"{DATA_ROOT}/weights",
    shell:
        "python -m pipeline_lib.adopt --network {params.network} {params.library} "
        "--name {wildcards.network} --weights-folder {params.weights_folder:q} "
        "--out {output.weights} --log {log}"
