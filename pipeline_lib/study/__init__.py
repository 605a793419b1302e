"""What a study is: its checked configuration, image sets, networks, predictions and paths; no Snakemake."""
