# The whole paper as a graph of steps. `snakemake -n` shows what would run, `config.yaml` says for
# which study, and the targets bear the paper's names: `snakemake --cores all table2`.

from snakemake.utils import min_version

min_version("9.0")


configfile: "config.yaml"


include: "workflow/configuration.smk"
include: "workflow/helpers/files.smk"
include: "workflow/helpers/data.smk"
include: "workflow/helpers/networks.smk"
include: "workflow/helpers/transfer.smk"
include: "workflow/helpers/discovery.smk"
include: "workflow/helpers/report.smk"
include: "workflow/rules/site.smk"
include: "workflow/rules/fetch.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/networks.smk"
include: "workflow/rules/localization.smk"
include: "workflow/rules/transfer.smk"
include: "workflow/rules/discovery.smk"
include: "workflow/rules/scenes.smk"
include: "workflow/rules/concepts.smk"
include: "workflow/rules/text.smk"
include: "workflow/rules/vqa.smk"
include: "workflow/rules/units.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/cluster.smk"


onstart:
    missing = absent()
    if missing:
        refuse("not all data are there; nothing was started", *missing)
    settle_status_command()
    write_graph(RESULTS, workflow.dag, artefacts(), workflow.persistence.path)


onsuccess:
    clear_checkpoints()


onerror:
    for line in failures():
        print(line, file=sys.stderr)


rule all:
    default_target: True
    input:
        rules.report.output,
        # And every artefact on the way: Snakemake does not miss a lost one that nothing asks for.
        MANIFESTS,
        expand(
            f"{RESULTS}/networks/{{network}}.{{form}}",
            network=TRAINED + ADOPTED,
            form=["safetensors", "json"],
        ),
        PHOTOGRAPHED,
        [prediction(*view) for view in VIEWS],
        [boxes(*box) for box in BOXES],
        [score(*box) for box in BOXES],
        [swept(*view) for view in SWEEPS],
        f"{RESULTS}/scores/centred-box.csv",
        TRANSFERRED,
        expand(f"{RESULTS}/tables/{{table}}.{{form}}", table=TABLES, form=["csv", "md", "html"]),
        expand(
            f"{RESULTS}/figures/{{figure}}.{{form}}", figure=FIGURES, form=["png", "pdf", "json"]
        ),
        DISCOVERED,
        SUBMISSIONS,


# The targets that bear the paper's names; report is a rule of its own, in report.smk.
rule table1:
    input:
        f"{RESULTS}/tables/table1.csv",


rule table2:
    input:
        f"{RESULTS}/tables/table2.csv",


rule table3:
    input:
        f"{RESULTS}/tables/table3.csv",
        SUBMISSIONS,


rule table4:
    input:
        f"{RESULTS}/tables/table4.csv",


rule table5:
    input:
        f"{RESULTS}/tables/table5.csv",


rule figure3:
    input:
        f"{RESULTS}/figures/figure3.png",


rule figure4:
    input:
        f"{RESULTS}/figures/figure4.png",


rule figure5:
    input:
        f"{RESULTS}/figures/figure5.png",


rule figure6:
    input:
        f"{RESULTS}/figures/figure6.png",


rule figure7:
    input:
        lambda _: drawn_figure("figure7"),


rule figure8:
    input:
        lambda _: drawn_figure("figure8"),


rule figure9:
    input:
        lambda _: drawn_figure("figure9"),


rule figure10:
    input:
        lambda _: drawn_figure("figure10"),


rule figure11:
    input:
        lambda _: drawn_figure("figure11"),


rule figure12:
    input:
        lambda _: drawn_figure("figure12"),


rule figure13:
    input:
        lambda _: [drawn_figure(name) for name in UNITS],


# The same by what is found in them.
rule scenes:
    input:
        rules.figure9.input,


rule concepts:
    input:
        rules.figure10.input,


rule text:
    input:
        rules.figure11.input,


rule vqa:
    input:
        rules.figure12.input,


rule units:
    input:
        rules.figure13.input,


rule measures:
    input:
        f"{RESULTS}/tables/measures.csv",


rule thresholds:
    input:
        f"{RESULTS}/figures/thresholds.png",


rule submission:
    input:
        SUBMISSIONS,
