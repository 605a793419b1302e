# Section 3.2: maps once, then boxes, scores and thresholds, which need no network.

# The image sets that networks are run over, and their folders.
ROOTS = {"photographs": PHOTOGRAPHS["folder"]} if PHOTOGRAPHS else {}
ROOTS["ilsvrc-val"] = ILSVRC
if HAS_TEST:
    ROOTS["ilsvrc-test"] = ILSVRC
for slug in SLUGS:
    ROOTS[slug] = ROOTS[f"{slug}-picked"] = f"{TRANSFER_ROOT}/{SETS[NAME_OF[slug]]['at']}"
for name in FOUND:
    ROOTS[name] = ROOTS[f"{name}-picked"] = discovery_root(name)

# Who is looked at how. Ten crops are the authors' way; Grad-CAM and backprop serve as they are.
BY_CROPS = [name for name in NETWORKS if NETWORKS[name].get("maps") != "grad-cam"]
BY_BACKPROP = [name for name in NETWORKS if NETWORKS[name].get("backprop")]
VIEWS = [
    *(("whole", name) for name in NETWORKS),
    *(("ten-crop", name) for name in BY_CROPS),
    *(("backprop", name) for name in BY_BACKPROP),
]
RULES = {"whole": ["paper"], "ten-crop": ["authors"], "backprop": ["graphcut", "authors"]}
BOXES = [(views, rule, name) for views, name in VIEWS for rule in RULES[views]]
SWEEPS = [(views, name) for views, name in VIEWS if views != "ten-crop"]
SUBMISSIONS = expand(
    f"{RESULTS}/submission/{config['figures']['network']}-{{guesses}}.txt",
    guesses=["plain", "heuristics"] if HAS_TEST else [],
)


rule predict:
    input:
        classifier,
        weights=f"{RESULTS}/networks/{{network}}.safetensors",
        card=f"{RESULTS}/networks/{{network}}.json",
        images=f"{RESULTS}/data/{{set}}/images.csv",
    output:
        f"{RESULTS}/predictions/{{set}}/{{views}}/{{network}}.h5",
    log:
        f"{RESULTS}/logs/predict/{{set}}/{{views}}/{{network}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/predict/{{set}}/{{views}}/{{network}}.tsv"
    wildcard_constraints:
        set=one_of(ROOTS),
    conda:
        CONDA
    threads: config["prediction"]["threads"]
    resources:
        **gpus(1),
    params:
        flags=view_flags,
        root=lambda wildcards: ROOTS[wildcards.set],
        batch=config["prediction"]["batch"],
        workers=config["prediction"]["workers"],
    shell:
        "python -m pipeline_lib.predict --network {input.weights} --images {input.images} "
        "--root {params.root:q} {params.flags} --batch {params.batch} --workers {params.workers} "
        "--threads {threads} --out {output} --log {log}"


rule localize:
    input:
        predictions=f"{RESULTS}/predictions/{{set}}/{{views}}/{{network}}.h5",
        images=f"{RESULTS}/data/{{set}}/images.csv",
    output:
        f"{RESULTS}/boxes/{{set}}/{{views}}/{{rule}}/{{network}}.csv",
    log:
        f"{RESULTS}/logs/localize/{{set}}/{{views}}/{{rule}}/{{network}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/localize/{{set}}/{{views}}/{{rule}}/{{network}}.tsv"
    wildcard_constraints:
        set=one_of(ROOTS),
    conda:
        CONDA
    params:
        flags=box_flags,
        root=lambda wildcards: ROOTS[wildcards.set],
    shell:
        "python -m pipeline_lib.localize --predictions {input.predictions} "
        "--images {input.images} --rule {wildcards.rule} {params.flags} --root {params.root:q} "
        "--out {output} --log {log}"


rule evaluate:
    input:
        predictions=f"{RESULTS}/predictions/ilsvrc-val/{{views}}/{{network}}.h5",
        boxes=f"{RESULTS}/boxes/ilsvrc-val/{{views}}/{{rule}}/{{network}}.csv",
        images=f"{RESULTS}/data/ilsvrc-val/images.csv",
        true_boxes=f"{RESULTS}/data/ilsvrc-val/boxes.csv",
    output:
        f"{RESULTS}/scores/{{views}}/{{rule}}/{{network}}.csv",
    log:
        f"{RESULTS}/logs/evaluate/{{views}}/{{rule}}/{{network}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate/{{views}}/{{rule}}/{{network}}.tsv"
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
    localrule: True
    conda:
        CONDA
    params:
        part=config["boxes"]["centred"],
    shell:
        "python -m pipeline_lib.evaluate --centred {params.part} --images {input.images} "
        "--true-boxes {input.true_boxes} --out {output} --log {log}"


rule sweep:
    input:
        predictions=f"{RESULTS}/predictions/ilsvrc-val/{{views}}/{{network}}.h5",
        images=f"{RESULTS}/data/ilsvrc-val/images.csv",
        true_boxes=f"{RESULTS}/data/ilsvrc-val/boxes.csv",
    output:
        curve=f"{RESULTS}/sweeps/{{views}}/{{network}}.csv",
        scores=f"{RESULTS}/scores/{{views}}/sweep/{{network}}.csv",
    log:
        f"{RESULTS}/logs/sweep/{{views}}/{{network}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/sweep/{{views}}/{{network}}.tsv"
    conda:
        CONDA
    params:
        held_out=config["boxes"]["held_out"],
        interpolation=config["boxes"]["interpolation"],
    shell:
        "python -m pipeline_lib.sweep --predictions {input.predictions} --images {input.images} "
        "--true-boxes {input.true_boxes} --held-out {params.held_out} "
        "--interpolation {params.interpolation} --out {output.curve} --scores {output.scores} "
        "--log {log}"


rule submission_file:
    input:
        boxes=f"{RESULTS}/boxes/ilsvrc-test/ten-crop/authors/{{network}}.csv",
        classes=f"{RESULTS}/data/ilsvrc-test/classes.csv",
    output:
        f"{RESULTS}/submission/{{network}}-{{guesses}}.txt",
    log:
        f"{RESULTS}/logs/submission/{{network}}-{{guesses}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/submission/{{network}}-{{guesses}}.tsv"
    wildcard_constraints:
        guesses="plain|heuristics",
    localrule: True
    conda:
        CONDA
    shell:
        "python -m pipeline_lib.submit --boxes {input.boxes} --classes {input.classes} "
        "--guesses {wildcards.guesses} --out {output} --log {log}"
