# Section 3's networks: trained here, or taken over ready-trained.


def training_flags(wildcards):
    """Return the flags that decide what a trained network is; when they change, it is retrained."""
    network, training = NETWORKS[wildcards.network], config["training"]
    return " ".join(
        [
            f"--architecture {network['architecture']}",
            repeated("--option", network.get("options", {})),
            repeated("--recipe", training["recipe"]),
            f"--warp {training['warp']} --crop {training['crop']}",
            f"--start {network['start']}" if "start" in network else "",
        ]
    )


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


def library_name(wildcards):
    """Return a ready-trained network's name in its library."""
    return NETWORKS.get(wildcards.network, {}).get("pretrained", wildcards.network)


def library_flag(wildcards):
    """Return the flag that names the library, where the configuration does."""
    library = NETWORKS.get(wildcards.network, {}).get("library")
    return f"--library {library}" if library else ""


rule adopt:
    input:
        lambda wildcards: existing(f"{DATA_ROOT}/weights/{library_name(wildcards)}.safetensors"),
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
