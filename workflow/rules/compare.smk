# Two runs side by side, of any studies: nothing of the study itself is made or read.


def compared_runs(_wildcards):
    """Return no input: refuse folders that cannot be compared, before any job runs."""
    if not (CONFIG.run_a and CONFIG.run_b):
        refuse(
            "config.run_a, config.run_b: name the folders of two runs, as in "
            "snakemake compare --cores 1 --config run_a=results/small run_b=results/paper"
        )
    try:
        require_runs(*COMPARED)
    except InputError as error:
        refuse(error)
    return []


COMPARED = [Path(folder or "").expanduser() for folder in (CONFIG.run_a, CONFIG.run_b)]
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
        runs=lambda wildcards: shlex.join([f"--a={COMPARED[0]}", f"--b={COMPARED[1]}"]),
        out=COMPARISON,
    shell:
        "python -m pipeline_lib compare {params.runs} --out {params.out:q} --log {log:q}"
