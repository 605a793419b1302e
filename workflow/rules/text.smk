# Section 4.2, Figure 11: a classifier of images with words, and how much of its maps lies in the words.

if "text" in FOUND:
    DISCOVERED += [
        f"{RESULTS}/svm/text/whole/{MAIN}.npz",
        prediction("svm", MAIN, "text"),
        f"{RESULTS}/discovery/text.csv",
    ]


rule measure_text:
    input:
        predictions=prediction("svm", MAIN, "text"),
        images=f"{RESULTS}/data/text/images.csv",
        true_boxes=f"{RESULTS}/data/text/boxes.csv",
        splits=f"{RESULTS}/data/text/splits.csv",
    output:
        measures=f"{RESULTS}/discovery/text.csv",
        by_image=f"{RESULTS}/discovery/text-images.csv",
    log:
        f"{RESULTS}/logs/measure-text.log",
    benchmark:
        f"{RESULTS}/benchmarks/measure-text.tsv"
    conda:
        CONDA
    params:
        threshold=config["boxes"]["threshold"],
        interpolation=config["boxes"]["interpolation"],
    shell:
        "python -m pipeline_lib.measure_text --predictions {input.predictions} "
        "--images {input.images} --true-boxes {input.true_boxes} --splits {input.splits} "
        "--threshold {params.threshold} --interpolation {params.interpolation} "
        "--out {output.measures} --by-image {output.by_image} --log {log}"


rule draw_text:
    input:
        measures=f"{RESULTS}/discovery/text.csv",
        by_image=f"{RESULTS}/discovery/text-images.csv",
        predictions=prediction("svm", MAIN, "text"),
        images=f"{RESULTS}/data/text/images.csv",
        true_boxes=f"{RESULTS}/data/text/boxes.csv",
    output:
        png=report(
            f"{RESULTS}/figures/figure11.png",
            caption="../report/text.rst",
            category="Figures",
            labels={"figure": "figure11"},
        ),
        pdf=f"{RESULTS}/figures/figure11.pdf",
        json=f"{RESULTS}/figures/figure11.json",
    log:
        f"{RESULTS}/logs/figure11.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure11.tsv"
    localrule: True
    conda:
        CONDA
    params:
        root=lambda wildcards: ROOTS["text"],
    shell:
        "python -m pipeline_lib.draw_text --measures {input.measures} --by-image {input.by_image} "
        "--predictions {input.predictions} --images {input.images} "
        "--true-boxes {input.true_boxes} --root {params.root:q} --out {output.png} --log {log}"
