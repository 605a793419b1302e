# Section 3.2: class maps once, then boxes and scores, which need no network.

# The image sets that networks are run over, and their folders.
ROOTS = {"photographs": PHOTOGRAPHS["folder"]} if PHOTOGRAPHS else {}
ROOTS["ilsvrc-val"] = ILSVRC


rule predict:
    input:
        weights=f"{RESULTS}/networks/{{network}}.safetensors",
        card=f"{RESULTS}/networks/{{network}}.json",
        images=f"{RESULTS}/data/{{set}}/images.csv",
    output:
        f"{RESULTS}/predictions/{{set}}/{{network}}.h5",
    log:
        f"{RESULTS}/logs/predict/{{set}}/{{network}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/predict/{{set}}/{{network}}.tsv"
    wildcard_constraints:
        set=one_of(ROOTS),
    conda:
        CONDA
    threads: config["prediction"]["threads"]
    params:
        root=lambda wildcards: ROOTS[wildcards.set],
        batch=config["prediction"]["batch"],
        workers=config["prediction"]["workers"],
    shell:
        "python -m pipeline_lib.predict --network {input.weights} --images {input.images} "
        "--root {params.root:q} --batch {params.batch} --workers {params.workers} "
        "--threads {threads} --out {output} --log {log}"


rule localize:
    input:
        predictions=f"{RESULTS}/predictions/ilsvrc-val/{{network}}.h5",
        images=f"{RESULTS}/data/ilsvrc-val/images.csv",
    output:
        f"{RESULTS}/boxes/{{network}}.csv",
    log:
        f"{RESULTS}/logs/localize/{{network}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/localize/{{network}}.tsv"
    conda:
        CONDA
    params:
        threshold=config["boxes"]["threshold"],
        interpolation=config["boxes"]["interpolation"],
    shell:
        "python -m pipeline_lib.localize --predictions {input.predictions} "
        "--images {input.images} --threshold {params.threshold} "
        "--interpolation {params.interpolation} --out {output} --log {log}"


rule evaluate:
    input:
        predictions=f"{RESULTS}/predictions/ilsvrc-val/{{network}}.h5",
        boxes=f"{RESULTS}/boxes/{{network}}.csv",
        images=f"{RESULTS}/data/ilsvrc-val/images.csv",
        true_boxes=f"{RESULTS}/data/ilsvrc-val/boxes.csv",
    output:
        f"{RESULTS}/scores/networks/{{network}}.csv",
    log:
        f"{RESULTS}/logs/evaluate/{{network}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate/{{network}}.tsv"
    conda:
        CONDA
    shell:
        "python -m pipeline_lib.evaluate --predictions {input.predictions} "
        "--boxes {input.boxes} --images {input.images} --true-boxes {input.true_boxes} "
        "--out {output} --log {log}"


rule evaluate_centred_box:
    input:
        images=f"{RESULTS}/data/ilsvrc-val/images.csv",
        true_boxes=f"{RESULTS}/data/ilsvrc-val/boxes.csv",
    output:
        f"{RESULTS}/scores/centred-box.csv",
    log:
        f"{RESULTS}/logs/evaluate/centred-box.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate/centred-box.tsv"
    conda:
        CONDA
    params:
        part=config["boxes"]["centred"],
    shell:
        "python -m pipeline_lib.evaluate --centred {params.part} --images {input.images} "
        "--true-boxes {input.true_boxes} --out {output} --log {log}"
