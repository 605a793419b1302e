# Tables, figures and the page.

TABLES = ["table1", "table2", "table3", "table4", "table5", "measures"]

# What each table needs the scores of, and each figure the predictions, boxes and curves.
SCORED = {
    "table1": [score(*box) for box in BOXES if box[0] == "whole"],
    "table2": [
        *(score(*box) for box in BOXES),
        *(score(views, "sweep", name) for views, name in SWEEPS),
        f"{RESULTS}/scores/centred-box.csv",
    ],
    "table3": [score(*box) for box in BOXES if box[0] != "whole"],
}
PHOTOGRAPHED = [prediction("whole", PHOTOGRAPHS["network"], "photographs")] if PHOTOGRAPHS else []
SHOWS = {
    "figure3": {"predictions": [prediction("whole", MAIN)]},
    "figure4": {"predictions": [*PHOTOGRAPHED, prediction("whole", MAIN)]},
    "figure5": {
        "predictions": [
            *(prediction("whole", name) for name in BY_CROPS),
            *(prediction("backprop", name) for name in BY_BACKPROP),
        ],
    },
    "figure6": {
        "predictions": [prediction("whole", MAIN), prediction("backprop", BASELINE)],
        "boxes": [
            boxes("whole", "paper", MAIN),
            boxes("backprop", "graphcut", BASELINE),
        ],
        "true_boxes": [f"{RESULTS}/data/ilsvrc-val/boxes.csv"],
    },
    "thresholds": {
        "curves": [swept(*view) for view in SWEEPS],
    },
}
if BIRDS in SLUGS:
    SHOWS["figure7"] = {
        "predictions": [prediction("svm", MAIN, BIRDS)],
        "boxes": [boxes("svm", "paper", MAIN, BIRDS)],
        "true_boxes": [f"{RESULTS}/data/{BIRDS}/boxes.csv"],
        "splits": f"{RESULTS}/data/{BIRDS}/splits.csv",
        "classes": f"{RESULTS}/data/{BIRDS}/classes.csv",
    }
if PICKED:
    SHOWS["figure8"] = {
        "predictions": [prediction("svm", MAIN, f"{slug}-picked") for slug in PICKED],
        "classes": [f"{RESULTS}/data/{slug}/classes.csv" for slug in PICKED],
    }
# What Figures 9 to 13 measure, of those the study can draw.
MEASURED = {name: f"{RESULTS}/discovery/{name}.csv" for name in [*FOUND, "units"]}
if "scenes" in FOUND:
    MEASURED["svm"] = f"{RESULTS}/svm/scenes/whole/{MAIN}.json"
    MEASURED["classes"] = f"{RESULTS}/data/scenes/classes.csv"
if HAS_PLACES:
    MEASURED["places"] = f"{RESULTS}/discovery/units-places205.csv"
FIGURES = [*SHOWS, *(EXPERIMENTS[name]["figure"] for name in FOUND), *UNITS]
TITLES = {"figure8": [NAME_OF[slug] for slug in PICKED]}


rule table:
    input:
        scores=lambda wildcards: SCORED[wildcards.table],
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
    wildcard_constraints:
        table=one_of(SCORED),
    localrule: True
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


rule measures_table:
    input:
        **MEASURED,
    output:
        csv=f"{RESULTS}/tables/measures.csv",
        markdown=f"{RESULTS}/tables/measures.md",
        html=report(
            f"{RESULTS}/tables/measures.html",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "measures"},
        ),
    log:
        f"{RESULTS}/logs/measures.log",
    benchmark:
        f"{RESULTS}/benchmarks/measures.tsv"
    localrule: True
    conda:
        CONDA
    params:
        study=STUDY,
        files=lambda wildcards, input: " ".join(f"--{key} {path}" for key, path in input.items()),
        often=config["scenes"]["often"],
    shell:
        "python -m pipeline_lib.tabulate_measures --study {params.study} {params.files} "
        "--often {params.often} --out {output.csv} --log {log}"


rule figure:
    input:
        unpack(shown),
    output:
        png=report(
            f"{RESULTS}/figures/{{figure}}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        pdf=f"{RESULTS}/figures/{{figure}}.pdf",
        json=f"{RESULTS}/figures/{{figure}}.json",
    log:
        f"{RESULTS}/logs/{{figure}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{figure}}.tsv"
    wildcard_constraints:
        figure=one_of(SHOWS),
    localrule: True
    conda:
        CONDA
    params:
        flags=figure_flags,
    shell:
        "python -m pipeline_lib.draw --figure {wildcards.figure} {params.flags} "
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
    localrule: True
    conda:
        CONDA
    params:
        study=STUDY,
    shell:
        "python -m pipeline_lib.publish --study {params.study} --tables {input.tables} "
        "--figures {input.figures} --out {output} --log {log}"
