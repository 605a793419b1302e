# Tables, figures and the page, as pipeline_lib/reporting/catalogue.py declares them.


rule table:
    input:
        unpack(lambda wildcards: TABLES[wildcards.table].inputs(STUDY)),
    output:
        csv=PATHS.table("{table}"),
        page=PATHS.table("{table}", "json"),
        sources=PATHS.sources("{table}"),
        markdown=PATHS.table("{table}", "md"),
        html=report(
            PATHS.table("{table}", "html"),
            caption="../report/caption.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
    log:
        PATHS.log("tables/{table}"),
    benchmark:
        PATHS.benchmark("tables/{table}")
    wildcard_constraints:
        table=one_of(TABLES),
    localrule: True
    conda:
        CONDA
    params:
        study=STUDY.name,
        flags=lambda wildcards, input: TABLES[wildcards.table].flags(STUDY, input),
        remarks=lambda wildcards: TABLES[wildcards.table].remarks(STUDY),
        caption=lambda wildcards: TABLES[wildcards.table].caption,
    shell:
        "python -m pipeline_lib tabulate --table {wildcards.table} --study {params.study:q} "
        "{params.flags} {params.remarks} --out {output.csv:q} --sources {output.sources:q} --log {log:q}"


rule figure:
    input:
        unpack(lambda wildcards: FIGURES[wildcards.figure].inputs(STUDY)),
    output:
        png=report(
            PATHS.figure("{figure}"),
            caption="../report/caption.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        pdf=PATHS.figure("{figure}", "pdf"),
        json=PATHS.figure("{figure}", "json"),
    log:
        PATHS.log("figures/{figure}"),
    benchmark:
        PATHS.benchmark("figures/{figure}")
    wildcard_constraints:
        figure=one_of(FIGURES),
    localrule: True
    conda:
        CONDA
    params:
        flags=lambda wildcards, input: FIGURES[wildcards.figure].flags(STUDY, input),
        caption=lambda wildcards: FIGURES[wildcards.figure].caption,
    shell:
        "python -m pipeline_lib plot --figure {wildcards.figure} {params.flags} "
        "--out {output.png:q} --log {log:q}"


rule claims:
    """What the paper says in words, judged by the tables."""
    input:
        tables=[PATHS.table(each.name) for each in available(STUDY, TABLES)],
        sources=[PATHS.sources(each.name) for each in available(STUDY, TABLES)],
        by_image=by_image_files(STUDY),
    output:
        PATHS.claims,
    log:
        PATHS.log("claims"),
    benchmark:
        PATHS.benchmark("claims")
    localrule: True
    conda:
        CONDA
    params:
        main=STUDY.networks[STUDY.main].label,
    shell:
        "python -m pipeline_lib judge_claims --tables {input.tables:q} --main {params.main:q} "
        "--out {output:q} --log {log:q}"


rule report:
    """The page: all tables and figures of the study that can be made, and what they show."""
    input:
        tables=[PATHS.table(each.name, "json") for each in available(STUDY, TABLES)],
        figures=[PATHS.figure(each.name) for each in available(STUDY, FIGURES)],
        facts=[PATHS.figure(each.name, "json") for each in available(STUDY, FIGURES)],
        claims=PATHS.claims,
        data=list(browsed_sections(STUDY).values()),
    output:
        report(
            PATHS.report,
            caption="../report/page.rst",
            category="The page",
            labels={"page": "tables and figures together"},
        ),
    log:
        PATHS.log("report"),
    benchmark:
        PATHS.benchmark("report")
    localrule: True
    conda:
        CONDA
    params:
        flags=flags.run.publish(STUDY),
        # The reasons name folders, whose place reruns nothing; nor do settings that change no number.
        left_out=untracked(flags.run.left_out(left_out(STUDY))),
        configuration=untracked(flags.run.configurations(CONFIG, STUDIES)),
    shell:
        "python -m pipeline_lib publish {params.flags} --tables {input.tables:q} "
        "--figures {input.figures:q} --claims {input.claims:q} --data {input.data:q} {params.left_out} "
        "{params.configuration} --out {output:q} --log {log:q}"


rule so_far:
    """Tables, figures and page of what is there, where jobs have failed; empty cells say why."""
    log:
        PATHS.log("so_far"),
    localrule: True
    conda:
        CONDA
    params:
        config=CONFIG.model_dump_json(exclude_unset=True),
        out=f"{PATHS.results}/so-far",
    shell:
        "python -m pipeline_lib so_far --config {params.config:q} --out {params.out:q} "
        "--log {log:q}"


# The targets, by the paper's names and by what they show.
for target in targets():

    rule:
        name:
            target.name
        input:
            files_of(target),


for target in targets():
    getattr(rules, target.name).rule.docstring = target.summary
