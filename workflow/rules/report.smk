# Tables, figures and the page.

TABLES = ["table1", "table2"]
FIGURES = ["figure3", "figure4"]
SHOWN = config["figures"]["network"]


rule table:
    input:
        scores=[
            *expand(f"{RESULTS}/scores/networks/{{network}}.csv", network=NETWORKS),
            f"{RESULTS}/scores/centred-box.csv",
        ],
        cards=expand(f"{RESULTS}/networks/{{network}}.json", network=NETWORKS),
        summary=f"{RESULTS}/data/ilsvrc-val/summary.json",
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
    conda:
        CONDA
    params:
        study=STUDY,
        centred=config["boxes"]["centred"],
        threshold=config["boxes"]["threshold"],
        interpolation=config["boxes"]["interpolation"],
    shell:
        "python -m pipeline_lib.tabulate --table {wildcards.table} --study {params.study} "
        "--scores {input.scores} --cards {input.cards} --summary {input.summary} "
        "--centred {params.centred} --threshold {params.threshold} "
        "--interpolation {params.interpolation} --out {output.csv} --log {log}"


rule figure3:
    input:
        predictions=f"{RESULTS}/predictions/ilsvrc-val/{SHOWN}.h5",
        images=f"{RESULTS}/data/ilsvrc-val/images.csv",
        classes=f"{RESULTS}/data/ilsvrc-val/classes.csv",
    output:
        png=report(
            f"{RESULTS}/figures/figure3.png",
            caption="../report/figure3.rst",
            category="Figures",
            labels={"figure": "figure3"},
        ),
        json=f"{RESULTS}/figures/figure3.json",
    log:
        f"{RESULTS}/logs/figure3.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure3.tsv"
    conda:
        CONDA
    params:
        root=ILSVRC,
    shell:
        "python -m pipeline_lib.draw --figure figure3 --predictions {input.predictions} "
        "--images {input.images} --roots {params.root:q} --classes {input.classes} "
        "--out {output.png} --log {log}"


rule figure4:
    input:
        predictions=[
            f"{RESULTS}/predictions/{name}/{PHOTOGRAPHS['network'] if name == 'photographs' else SHOWN}.h5"
            for name in ROOTS
        ],
        images=expand(f"{RESULTS}/data/{{set}}/images.csv", set=ROOTS),
        classes=f"{RESULTS}/data/ilsvrc-val/classes.csv",
    output:
        png=report(
            f"{RESULTS}/figures/figure4.png",
            caption="../report/figure4.rst",
            category="Figures",
            labels={"figure": "figure4"},
        ),
        json=f"{RESULTS}/figures/figure4.json",
    log:
        f"{RESULTS}/logs/figure4.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure4.tsv"
    conda:
        CONDA
    params:
        roots=list(ROOTS.values()),
    shell:
        "python -m pipeline_lib.draw --figure figure4 --predictions {input.predictions} "
        "--images {input.images} --roots {params.roots:q} --classes {input.classes} "
        "--out {output.png} --log {log}"


rule report:
    input:
        tables=expand(f"{RESULTS}/tables/{{table}}.html", table=TABLES),
        figures=expand(f"{RESULTS}/figures/{{figure}}.png", figure=FIGURES),
        facts=expand(f"{RESULTS}/figures/{{figure}}.json", figure=FIGURES),
    output:
        f"{RESULTS}/report/index.html",
    log:
        f"{RESULTS}/logs/report.log",
    benchmark:
        f"{RESULTS}/benchmarks/report.tsv"
    conda:
        CONDA
    params:
        study=STUDY,
    shell:
        "python -m pipeline_lib.publish --study {params.study} --tables {input.tables} "
        "--figures {input.figures} --out {output} --log {log}"
