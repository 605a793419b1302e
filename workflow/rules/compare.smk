# Two runs side by side, of any studies: nothing of the study itself is made or read.

COMPARISON = output_folder(os.path.dirname(PATHS.results), *COMPARED)


# Asked for by name, in any study, never part of `all`. Without an output it runs each time.
rule compare:
    """What changed between two runs, and whether beyond the intervals: --config run_a=DIR run_b=DIR."""
    input:
        compared_runs,
    log:
        f"{COMPARISON}/compare.log",
    localrule: True
    conda:
        CONDA
    params:
        # Functions: a brace in a folder's name is no wildcard.
        a=lambda wildcards: COMPARED[0],
        b=lambda wildcards: COMPARED[1],
        out=COMPARISON,
    shell:
        "python -m pipeline_lib compare --a={params.a:q} --b={params.b:q} --out {params.out:q} "
        "--log {log:q}"
