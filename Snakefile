# The whole paper as a graph of steps. `snakemake -n` shows what would run, `config.yaml` says for
# which study, and the targets bear the paper's names: `snakemake --cores all table2`.

from snakemake.utils import min_version

min_version("9.0")


configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/networks.smk"
include: "workflow/rules/localization.smk"
include: "workflow/rules/report.smk"


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
        expand(f"{RESULTS}/predictions/ilsvrc-val/{{network}}.h5", network=NETWORKS),
        expand(f"{RESULTS}/boxes/{{network}}.csv", network=NETWORKS),
        expand(f"{RESULTS}/scores/networks/{{network}}.csv", network=NETWORKS),
        f"{RESULTS}/scores/centred-box.csv",
        rules.figure4.input,
        expand(f"{RESULTS}/tables/{{table}}.{{form}}", table=TABLES, form=["csv", "md", "html"]),
        expand(f"{RESULTS}/figures/{{figure}}.{{form}}", figure=FIGURES, form=["png", "json"]),


rule table1:
    input:
        f"{RESULTS}/tables/table1.csv",


rule table2:
    input:
        f"{RESULTS}/tables/table2.csv",


# figure3, figure4 and report are rules of their own, in workflow/rules/report.smk.
