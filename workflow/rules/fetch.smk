# Fetching data, and looking at what is there: asked for by name, in any study, never part of `all`.
# They have no output and no benchmark, so that they run whenever they are asked for.

# Where to put data is the user's to say, also where the study itself draws a world.
DATA_ROOT_GIVEN = config.get("data_root", "")


rule check_data:
    log:
        f"{RESULTS}/logs/check_data.log",
    localrule: True
    conda:
        CONDA
    params:
        root=DATA_ROOT_GIVEN,
    shell:
        "python -m pipeline_lib.check_data --data-root={params.root:q} --log {log}"


for key in listed("data/catalogue.yaml"):

    rule:
        name:
            f"fetch_{key}"
        log:
            f"{RESULTS}/logs/fetch_{key}.log",
        localrule: True  # the nodes of a cluster often have no way out
        conda:
            CONDA
        params:
            key=key,
            root=DATA_ROOT_GIVEN,
        shell:
            "python -m pipeline_lib.fetch --set {params.key} --data-root={params.root:q} --log {log}"
