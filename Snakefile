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


rule table1:
    input:
        f"{RESULTS}/tables/table1.csv",


rule table2:
    input:
        f"{RESULTS}/tables/table2.csv",


# figure3, figure4 and report are rules of their own, in workflow/rules/report.smk.
