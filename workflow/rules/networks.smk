# Section 3's networks: trained here, or taken ready-trained.

WEIGHTS_PRIORITY = 100  # before all else, so that what cannot be downloaded is known early

if CONFIG.training.pack:

    rule pack:
        input:
            images=PATHS.manifest(TRAIN),
        output:
            # The shards beside it are not declared: they must outlive a failed job.
            f"{PATHS.packed}/index.json",
        log:
            PATHS.log("pack"),
        benchmark:
            PATHS.benchmark("pack")
        conda:
            CONDA
        threads: max(1, CONFIG.training.workers)
        params:
            root=untracked(f"{STUDY.data_root}/ilsvrc"),
            folder=untracked(PATHS.packed),
            settings=settings(CONFIG.training, "warp"),
        shell:
            "python -m pipeline_lib pack --images {input.images:q} --root {params.root:q} "
            "{params.settings} --processes {threads} --out {params.folder:q} --log {log:q}"


rule start_weights:
    input:
        checked_start,
    output:
        PATHS.start_weights("{start}"),
    log:
        PATHS.log("start/{start}"),
    benchmark:
        PATHS.benchmark("start/{start}")
    wildcard_constraints:
        start=one_of(STUDY.starts),
    priority: WEIGHTS_PRIORITY
    localrule: True  # the nodes of a cluster often have no network
    conda:
        CONDA
    params:
        flags=lambda wildcards: flags.networks.start(STUDY, wildcards),
        contents=lambda wildcards: contents(*flags.networks.own_start(STUDY, wildcards)),
        weights_folder=untracked(f"{STUDY.data_root}/weights"),
    shell:
        "python -m pipeline_lib start_weights {params.flags} "
        "--weights-folder {params.weights_folder:q} --out {output:q} --log {log:q}"


rule train:
    input:
        checked_network,
        [f"{PATHS.packed}/index.json"] if CONFIG.training.pack else [],
        lambda wildcards: flags.networks.start_weights(STUDY, wildcards),
        images=PATHS.manifest(TRAIN),
    output:
        weights=PATHS.weights("{network}"),
        card=PATHS.card("{network}"),
    log:
        PATHS.log("train/{network}"),
    benchmark:
        PATHS.benchmark("train/{network}")
    wildcard_constraints:
        network=one_of(STUDY.trained),
    conda:
        CONDA
    threads: CONFIG.training.threads
    resources:
        **gpus(CONFIG.training.processes, CONFIG.training.nodes),
    params:
        launcher=untracked(flags.networks.launcher(STUDY)),
        flags=lambda wildcards: flags.networks.train(STUDY, wildcards),
        root=untracked(f"{STUDY.data_root}/ilsvrc"),
        # Not outputs: Snakemake deletes a failed job's outputs, and these must outlive it.
        checkpoints=PATHS.checkpoints("{network}"),
        history=PATHS.history("{network}"),
        start=untracked(lambda wildcards: flags.networks.start_file(STUDY, wildcards)),
        shards=untracked(flags.networks.shards(STUDY)),
        settings=untracked(settings(CONFIG.training, "workers", "save_every", "give_up_after")),
    shell:
        "{params.launcher} pipeline_lib train {params.flags} {params.start} {params.shards} "
        "--images {input.images:q} --root {params.root:q} {params.settings} --threads {threads} "
        "--checkpoints {params.checkpoints:q} --history {params.history:q} "
        "--out {output.weights:q} --log {log:q}"


rule adopt:
    input:
        checked_network,
    output:
        weights=PATHS.weights("{network}"),
        card=PATHS.card("{network}"),
    log:
        PATHS.log("adopt/{network}"),
    benchmark:
        PATHS.benchmark("adopt/{network}")
    wildcard_constraints:
        network=one_of(STUDY.adopted),
    priority: WEIGHTS_PRIORITY
    localrule: True
    conda:
        CONDA
    params:
        flags=lambda wildcards: flags.networks.adopt(STUDY, wildcards),
        contents=lambda wildcards: contents(
            *flags.networks.own_weights(STUDY, wildcards),
            *flags.networks.own_classes(STUDY, wildcards),
        ),
        weights_folder=untracked(f"{STUDY.data_root}/weights"),
    shell:
        "python -m pipeline_lib adopt {params.flags} "
        "--weights-folder {params.weights_folder:q} --out {output.weights:q} --log {log:q}"
