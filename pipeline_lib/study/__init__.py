"""What a study is: its checked configuration, image sets, networks, paths. No Snakemake."""
