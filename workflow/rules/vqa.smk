# Section 4.2, Figure 12: questions about images, answered from a bag of words and a network's features.

ANSWERED = f"{RESULTS}/discovery/vqa"
# The server's test questions with their images: where they are there, its submissions are written.
ASKED_TO = [
    task
    for task in ("OpenEnded", "MultipleChoice")
    if "world" in config
    or os.path.isdir(f"{DATA_ROOT}/coco/test2015")
    and os.path.exists(f"{DATA_ROOT}/vqa/OpenEnded_mscoco_test2015_questions.json")
    and os.path.exists(f"{DATA_ROOT}/vqa/{task}_mscoco_test2015_questions.json")
]
SUBMITTED = [
    f"{RESULTS}/submission/{task}_mscoco_test2015_{MAIN}_results.json" for task in ASKED_TO
]
if "vqa" in FOUND:
    DISCOVERED += [f"{RESULTS}/features/vqa/whole/{MAIN}.h5", f"{ANSWERED}.csv", *SUBMITTED]


rule answer:
    input:
        features=f"{RESULTS}/features/vqa/whole/{MAIN}.h5",
        images=f"{RESULTS}/data/vqa/images.csv",
        questions=f"{RESULTS}/data/vqa/annotations.csv",
    output:
        scores=f"{ANSWERED}.csv",
        answers=f"{ANSWERED}-answers.csv",
        classifier=f"{RESULTS}/svm/vqa/whole/{MAIN}.npz",
        submissions=SUBMITTED,
    log:
        f"{RESULTS}/logs/answer.log",
    benchmark:
        f"{RESULTS}/benchmarks/answer.tsv"
    conda:
        CONDA
    threads: config["prediction"]["threads"]
    resources:
        **gpus(1),
    params:
        recipe=" ".join(
            f"--{key.replace('_', '-')} {value}" for key, value in config["vqa"].items()
        ),
        submissions=lambda wildcards, output: " ".join(
            f"{flag} {path}"
            for flag, path in zip(["--open-ended", "--multiple-choice"], output.submissions)
        ),
    shell:
        "python -m pipeline_lib.answer --features {input.features} --images {input.images} "
        "--questions {input.questions} {params.recipe} --threads {threads} "
        "--scores {output.scores} --answers {output.answers} --classifier {output.classifier} "
        "{params.submissions} --log {log}"


rule pick_questions:
    input:
        answers=f"{ANSWERED}-answers.csv",
        questions=f"{RESULTS}/data/vqa/annotations.csv",
        images=f"{RESULTS}/data/vqa/images.csv",
    output:
        shown=f"{ANSWERED}-shown.csv",
        images=f"{RESULTS}/data/vqa-picked/images.csv",
    log:
        f"{RESULTS}/logs/pick-questions.log",
    benchmark:
        f"{RESULTS}/benchmarks/pick-questions.tsv"
    localrule: True
    conda:
        CONDA
    shell:
        "python -m pipeline_lib.pick_questions --answers {input.answers} "
        "--questions {input.questions} --images {input.images} --out {output.shown} "
        "--picked {output.images} --log {log}"


rule answers_figure:
    input:
        predictions=prediction("svm", MAIN, "vqa-picked"),
        images=f"{RESULTS}/data/vqa-picked/images.csv",
        questions=f"{ANSWERED}-shown.csv",
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
        figure="figure12",
    localrule: True
    conda:
        CONDA
    params:
        root=ROOTS.get("vqa-picked", ""),
    shell:
        "python -m pipeline_lib.draw --figure {wildcards.figure} --predictions {input.predictions} "
        "--images {input.images} --roots {params.root:q} --questions {input.questions} "
        "--out {output.png} --log {log}"
