# Section 4: features, linear SVMs on them, and what Tables 4 and 5 and Figures 7 and 8 need.

FEATURES = [name for name in config["transfer"]["networks"] if name in NETWORKS]
# What the SVMs are fitted to: (set, crop, network). Birds are also cut out of their images.
FITTED = [(slug, "whole", name) for slug in SLUGS if slug != BIRDS for name in FEATURES]
FITTED += [(BIRDS, crop, MAIN) for crop in ("whole", "cam", "box") if BIRDS in SLUGS]
# Figure 8 shows four sets: the paper's, or others where these are not there.
PICKED = [slug for slug in ("action40", "caltech256", "sun397", "event8") if slug in SLUGS]
PICKED += [slug for slug in ("scene15", "caltech101", "indoor67") if slug in SLUGS]
PICKED = PICKED[:4] if MAIN in FEATURES else []
# What `all` asks for by itself, so that it is made again if it is lost.
TRANSFERRED = [
    *(ROOTS[slug] for slug in SLUGS if "world" in config),
    *expand(f"{RESULTS}/data/{{set}}/summary.json", set=SLUGS),
    *(f"{RESULTS}/features/{slug}/{crop}/{name}.h5" for slug, crop, name in FITTED),
    *(f"{RESULTS}/svm/{slug}/{crop}/{name}.npz" for slug, crop, name in FITTED),
]


if "world" in config:

    rule transfer_world:
        output:
            directory(expand(f"{TRANSFER_ROOT}/{{at}}", at=[s["at"] for s in SETS.values()])),
        log:
            f"{RESULTS}/logs/transfer-world.log",
        benchmark:
            f"{RESULTS}/benchmarks/transfer-world.tsv"
        conda:
            CONDA
        threads: 2
        params:
            root=lambda wildcards, output: os.path.dirname(output[0]),
            seed=config["world"]["seed"],
        shell:
            "python -m pipeline_lib.synthesize --layout transfer --seed {params.seed} "
            "--processes {threads} --out {params.root} --log {log}"


rule transfer_set:
    input:
        set_folder,
    output:
        images=f"{RESULTS}/data/{{set}}/images.csv",
        boxes=f"{RESULTS}/data/{{set}}/boxes.csv",
        classes=f"{RESULTS}/data/{{set}}/classes.csv",
        splits=f"{RESULTS}/data/{{set}}/splits.csv",
        summary=f"{RESULTS}/data/{{set}}/summary.json",
    log:
        f"{RESULTS}/logs/{{set}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{set}}.tsv"
    wildcard_constraints:
        set=one_of(SLUGS),
    conda:
        CONDA
    params:
        root=lambda wildcards: ROOTS[wildcards.set],
        flags=split_flags,
    shell:
        "python -m pipeline_lib.index --layout {wildcards.set} --root {params.root:q} {params.flags} "
        "--images {output.images} --boxes {output.boxes} --classes {output.classes} "
        "--splits {output.splits} --summary {output.summary} --log {log}"


rule features:
    input:
        crop_boxes,
        weights=f"{RESULTS}/networks/{{network}}.safetensors",
        card=f"{RESULTS}/networks/{{network}}.json",
        images=f"{RESULTS}/data/{{set}}/images.csv",
    output:
        f"{RESULTS}/features/{{set}}/{{crop}}/{{network}}.h5",
    log:
        f"{RESULTS}/logs/features/{{set}}/{{crop}}/{{network}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/features/{{set}}/{{crop}}/{{network}}.tsv"
    wildcard_constraints:
        set=one_of([*SLUGS, *FOUND]),
    conda:
        CONDA
    threads: config["prediction"]["threads"]
    resources:
        **gpus(1),
    params:
        flags=crop_flags,
        root=lambda wildcards: ROOTS[wildcards.set],
        # Not an output: Snakemake deletes a failed job's outputs, and these must outlive it.
        partial=f"{SCRATCH}/features/{{set}}/{{crop}}/{{network}}.part",
        batch=config["prediction"]["batch"],
        workers=config["prediction"]["workers"],
        precision=config["transfer"]["precision"],
    shell:
        "python -m pipeline_lib.extract --network {input.weights} --images {input.images} "
        "--root {params.root:q} {params.flags} --batch {params.batch} --workers {params.workers} "
        "--threads {threads} --precision {params.precision} --partial {params.partial} "
        "--out {output} --log {log}"


rule fit:
    input:
        features=f"{RESULTS}/features/{{set}}/{{crop}}/{{network}}.h5",
        images=f"{RESULTS}/data/{{set}}/images.csv",
        splits=f"{RESULTS}/data/{{set}}/splits.csv",
    output:
        classifier=f"{RESULTS}/svm/{{set}}/{{crop}}/{{network}}.npz",
        scores=f"{RESULTS}/svm/{{set}}/{{crop}}/{{network}}.csv",
        decisions=f"{RESULTS}/svm/{{set}}/{{crop}}/{{network}}.decisions.csv",
    log:
        f"{RESULTS}/logs/fit/{{set}}/{{crop}}/{{network}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/fit/{{set}}/{{crop}}/{{network}}.tsv"
    wildcard_constraints:
        set=one_of([*SLUGS, "text"]),
    conda:
        CONDA
    threads: config["prediction"]["threads"]
    resources:
        **gpus(1),
    params:
        name=lambda wildcards: NAME_OF.get(wildcards.set, wildcards.set),
        solver=config["transfer"]["solver"],
        folds=config["transfer"]["folds"],
        costs=config["transfer"]["costs"],
    shell:
        "python -m pipeline_lib.fit --features {input.features} --images {input.images} "
        "--splits {input.splits} --set {params.name:q} --crop {wildcards.crop} "
        "--solver {params.solver} --folds {params.folds} --costs {params.costs} "
        "--threads {threads} --out {output.classifier} --scores {output.scores} "
        "--decisions {output.decisions} --log {log}"


rule pick:
    input:
        decisions=f"{RESULTS}/svm/{{set}}/whole/{MAIN}.decisions.csv",
        images=f"{RESULTS}/data/{{set}}/images.csv",
    output:
        images=f"{RESULTS}/data/{{set}}-picked/images.csv",
    log:
        f"{RESULTS}/logs/pick/{{set}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/pick/{{set}}.tsv"
    wildcard_constraints:
        set=one_of(SLUGS),
    localrule: True
    conda:
        CONDA
    shell:
        "python -m pipeline_lib.pick --decisions {input.decisions} --images {input.images} "
        "--out {output.images} --log {log}"


rule overlap:
    input:
        images=f"{RESULTS}/data/{BIRDS}/images.csv",
        true_boxes=f"{RESULTS}/data/{BIRDS}/boxes.csv",
        splits=f"{RESULTS}/data/{BIRDS}/splits.csv",
        boxes=boxes("svm", "paper", MAIN, BIRDS),
    output:
        f"{RESULTS}/svm/{BIRDS}/overlap.csv",
    log:
        f"{RESULTS}/logs/overlap.log",
    benchmark:
        f"{RESULTS}/benchmarks/overlap.tsv"
    localrule: True
    conda:
        CONDA
    params:
        name=f"{label_of(MAIN)} on crop",
    shell:
        "python -m pipeline_lib.overlap --images {input.images} --true-boxes {input.true_boxes} "
        "--splits {input.splits} --boxes {input.boxes} --name {params.name:q} --out {output} "
        "--log {log}"


rule svm_table:
    input:
        unpack(svm_table_inputs),
    output:
        csv=f"{RESULTS}/tables/{{table}}.csv",
        markdown=f"{RESULTS}/tables/{{table}}.md",
        html=report(
            f"{RESULTS}/tables/{{table}}.html",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
    log:
        f"{RESULTS}/logs/{{table}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{table}}.tsv"
    wildcard_constraints:
        table="table4|table5",
    localrule: True
    conda:
        CONDA
    params:
        study=STUDY,
        flags=svm_table_flags,
    shell:
        "python -m pipeline_lib.tabulate_svms --table {wildcards.table} --study {params.study} "
        "{params.flags} --out {output.csv} --log {log}"
