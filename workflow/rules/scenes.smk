# Section 4.2, Figure 9: the things that class maps of scenes highlight.

if "scenes" in FOUND:
    DISCOVERED += [
        f"{RESULTS}/features/scenes/whole/{MAIN}.h5",
        f"{RESULTS}/svm/scenes/whole/{MAIN}.npz",
        prediction("svm", MAIN, "scenes"),
        f"{RESULTS}/discovery/scenes.csv",
    ]


rule fit_scenes:
    input:
        features=f"{RESULTS}/features/scenes/whole/{MAIN}.h5",
        images=f"{RESULTS}/data/scenes/images.csv",
    output:
        classifier=f"{RESULTS}/svm/scenes/whole/{MAIN}.npz",
        scores=f"{RESULTS}/svm/scenes/whole/{MAIN}.json",
    log:
        f"{RESULTS}/logs/scenes/fit.log",
    benchmark:
        f"{RESULTS}/benchmarks/scenes/fit.tsv"
    conda:
        CONDA
    threads: config["prediction"]["threads"]
    resources:
        **gpus(1),
    params:
        solver=config["transfer"]["solver"],
        folds=config["transfer"]["folds"],
        costs=config["transfer"]["costs"],
    shell:
        "python -m pipeline_lib.fit_scenes --features {input.features} --images {input.images} "
        "--solver {params.solver} --costs {params.costs} --folds {params.folds} "
        "--threads {threads} --out {output.classifier} --scores {output.scores} --log {log}"


rule measure_scenes:
    input:
        predictions=prediction("svm", MAIN, "scenes"),
        images=f"{RESULTS}/data/scenes/images.csv",
        classes=f"{RESULTS}/data/scenes/classes.csv",
        annotations=f"{RESULTS}/data/scenes/annotations.csv",
    output:
        f"{RESULTS}/discovery/scenes.csv",
    log:
        f"{RESULTS}/logs/scenes/measure.log",
    benchmark:
        f"{RESULTS}/benchmarks/scenes/measure.tsv"
    conda:
        CONDA
    params:
        interpolation=config["boxes"]["interpolation"],
        flags=" ".join(
            f"--{key} {config['scenes'][key]}" for key in ("threshold", "part", "grid", "draws")
        ),
    shell:
        "python -m pipeline_lib.measure_scenes --predictions {input.predictions} "
        "--images {input.images} --classes {input.classes} --annotations {input.annotations} "
        "{params.flags} --interpolation {params.interpolation} --out {output} --log {log}"


rule draw_scenes:
    input:
        table=rules.measure_scenes.output,
        scores=rules.fit_scenes.output.scores,
        predictions=prediction("svm", MAIN, "scenes"),
        images=f"{RESULTS}/data/scenes/images.csv",
        classes=f"{RESULTS}/data/scenes/classes.csv",
        annotations=f"{RESULTS}/data/scenes/annotations.csv",
        summary=f"{RESULTS}/data/scenes/summary.json",
    output:
        png=report(
            f"{RESULTS}/figures/figure9.png",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "figure9"},
        ),
        pdf=f"{RESULTS}/figures/figure9.pdf",
        json=f"{RESULTS}/figures/figure9.json",
    log:
        f"{RESULTS}/logs/figure9.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure9.tsv"
    localrule: True
    conda:
        CONDA
    params:
        root=ROOTS.get("scenes"),
        interpolation=config["boxes"]["interpolation"],
        flags=" ".join(
            f"--{key} {config['scenes'][key]}" for key in ("threshold", "part", "grid", "often")
        ),
    shell:
        "python -m pipeline_lib.draw_scenes --table {input.table} --scores {input.scores} "
        "--predictions {input.predictions} --images {input.images} --root {params.root:q} "
        "--classes {input.classes} --annotations {input.annotations} --summary {input.summary} "
        "{params.flags} --interpolation {params.interpolation} --out {output.png} --log {log}"
