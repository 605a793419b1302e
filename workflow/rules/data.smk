# Section 3's data: the synthetic world where there is one, and the manifests.

if "world" in config:

    rule world:
        output:
            directory(ILSVRC),
        log:
            f"{RESULTS}/logs/world.log",
        benchmark:
            f"{RESULTS}/benchmarks/world.tsv"
        conda:
            CONDA
        threads: 2
        params:
            train=config["world"]["train_images"],
            val=config["world"]["val_images"],
            test=config["world"]["test_images"],
            seed=config["world"]["seed"],
        shell:
            "python -m pipeline_lib.synthesize --train-images {params.train} "
            "--val-images {params.val} --test-images {params.test} --seed {params.seed} "
            "--processes {threads} --out {output} --log {log}"


# What `all` asks for by itself, so that it is drawn or read again if it is lost.
MANIFESTS = [
    *([ILSVRC] if "world" in config else []),
    *([f"{RESULTS}/data/photographs/images.csv"] if PHOTOGRAPHS else []),
    *(
        f"{RESULTS}/data/ilsvrc-{split}/{table}"
        for split in ["val", *["train"] * bool(TRAINED), *["test"] * HAS_TEST]
        for table in ("images.csv", "boxes.csv", "classes.csv", "summary.json")
    ),
]


rule ilsvrc:
    input:
        ilsvrc_folders,
    output:
        images=f"{RESULTS}/data/ilsvrc-{{split}}/images.csv",
        boxes=f"{RESULTS}/data/ilsvrc-{{split}}/boxes.csv",
        classes=f"{RESULTS}/data/ilsvrc-{{split}}/classes.csv",
        summary=f"{RESULTS}/data/ilsvrc-{{split}}/summary.json",
    log:
        f"{RESULTS}/logs/ilsvrc-{{split}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/ilsvrc-{{split}}.tsv"
    conda:
        CONDA
    params:
        root=ILSVRC,
        expected=config["ilsvrc"]["val_images"],
        notes=(
            "--note 'The images are synthetic, in the layout of ILSVRC.' "
            "--box-note 'Synthetic objects have two plain colours each: a graph cut, and with it "
            "backprop, does far better here than on photographs.'"
            if "world" in config
            else ""
        ),
    shell:
        "python -m pipeline_lib.index --layout ilsvrc-{wildcards.split} --root {params.root:q} "
        "--expected {params.expected} {params.notes} --images {output.images} --boxes {output.boxes} "
        "--classes {output.classes} --summary {output.summary} --log {log}"


if PHOTOGRAPHS:

    rule photographs:
        output:
            images=f"{RESULTS}/data/photographs/images.csv",
        log:
            f"{RESULTS}/logs/photographs.log",
        benchmark:
            f"{RESULTS}/benchmarks/photographs.tsv"
        localrule: True
        conda:
            CONDA
        params:
            root=PHOTOGRAPHS["folder"],
        shell:
            "python -m pipeline_lib.index --layout photographs --root {params.root:q} "
            "--images {output.images} --log {log}"
