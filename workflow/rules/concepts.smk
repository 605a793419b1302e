# Section 4.2, Figure 10.

if "concepts" in FOUND:
    DISCOVERED += [
        f"{RESULTS}/discovery/concepts.csv",
        f"{RESULTS}/discovery/concepts-ranking.csv",
        f"{RESULTS}/svm/concepts/whole/{MAIN}.npz",
        prediction("svm", MAIN, "concepts-picked"),
    ]


rule mine_concepts:
    input:
        features=f"{RESULTS}/features/concepts/whole/{MAIN}.h5",
        images=f"{RESULTS}/data/concepts/images.csv",
        annotations=f"{RESULTS}/data/concepts/annotations.csv",
    output:
        classifier=f"{RESULTS}/svm/concepts/whole/{MAIN}.npz",
        concepts=f"{RESULTS}/discovery/concepts.csv",
        ranking=f"{RESULTS}/discovery/concepts-ranking.csv",
        picked=f"{RESULTS}/data/concepts-picked/images.csv",
    log:
        f"{RESULTS}/logs/mine-concepts.log",
    benchmark:
        f"{RESULTS}/benchmarks/mine-concepts.tsv"
    conda:
        CONDA
    params:
        flags=concept_flags,
        held_out=config["concepts"]["held_out"],
        keep=config["concepts"]["keep"],
        rounds=config["concepts"]["rounds"],
        most=config["concepts"]["most"],
        cost=config["concepts"]["cost"],
        folds=config["concepts"]["folds"],
        seed=config["concepts"]["seed"],
        show=config["concepts"]["show"],
        pictures=config["concepts"]["pictures"],
    shell:
        "python -m pipeline_lib.mine_concepts --features {input.features} --images {input.images} "
        "--annotations {input.annotations} {params.flags} --held-out {params.held_out} "
        "--keep {params.keep} --rounds {params.rounds} --most {params.most} --cost {params.cost} "
        "--folds {params.folds} --seed {params.seed} --show {params.show} "
        "--pictures {params.pictures} --out {output.classifier} --concepts {output.concepts} "
        "--ranking {output.ranking} --picked {output.picked} --log {log}"


rule draw_concepts:
    input:
        concepts=f"{RESULTS}/discovery/concepts.csv",
        ranking=f"{RESULTS}/discovery/concepts-ranking.csv",
        predictions=prediction("svm", MAIN, "concepts-picked"),
        images=f"{RESULTS}/data/concepts-picked/images.csv",
    output:
        png=report(
            f"{RESULTS}/figures/figure10.png",
            caption="../report/concepts.rst",
            category="Figures",
            labels={"figure": "figure10"},
        ),
        pdf=f"{RESULTS}/figures/figure10.pdf",
        json=f"{RESULTS}/figures/figure10.json",
    log:
        f"{RESULTS}/logs/figure10.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure10.tsv"
    localrule: True
    conda:
        CONDA
    params:
        root=lambda wildcards: discovery_root("concepts"),
    shell:
        "python -m pipeline_lib.draw_concepts --concepts {input.concepts} --ranking {input.ranking} "
        "--predictions {input.predictions} --images {input.images} --root {params.root:q} "
        "--out {output.png} --log {log}"
