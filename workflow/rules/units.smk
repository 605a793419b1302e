# Section 5, Figure 13: the units that classes rest on, in ILSVRC's images and, where they are, Places205's.

PLACES = f"{DATA_ROOT}/places205"
UNIT_NETWORK = config["units"].get(
    "network", "AlexNetplus-GAP" if "AlexNetplus-GAP" in NETWORKS else MAIN
)
if UNIT_NETWORK not in NETWORKS:
    refuse(f"config.units.network: '{UNIT_NETWORK}' is not in networks")
# By the table of what was measured: the figure, the images and the network.
UNIT_FIGURES = {"units": ("figure13", "ilsvrc-val", UNIT_NETWORK)}
if HAS_PLACES:
    UNIT_FIGURES["units-places205"] = ("figure13-places205", "places205-val", PLACES_NETWORK)
    ROOTS["places205-val"] = PLACES
TABLE_OF_UNITS = {figure: table for table, (figure, *_) in UNIT_FIGURES.items()}
UNITS = list(TABLE_OF_UNITS)
DISCOVERED += expand(f"{RESULTS}/discovery/{{table}}.csv", table=UNIT_FIGURES)
DISCOVERED += [
    f"{RESULTS}/units/{images}/{network}.h5" for _, images, network in UNIT_FIGURES.values()
]


if HAS_PLACES:

    rule places205:
        input:
            existing(f"{PLACES}/trainvalsplit_places205"),
        output:
            images=f"{RESULTS}/data/places205-val/images.csv",
            boxes=f"{RESULTS}/data/places205-val/boxes.csv",
            classes=f"{RESULTS}/data/places205-val/classes.csv",
            summary=f"{RESULTS}/data/places205-val/summary.json",
        log:
            f"{RESULTS}/logs/places205-val.log",
        benchmark:
            f"{RESULTS}/benchmarks/places205-val.tsv"
        conda:
            CONDA
        params:
            root=PLACES,
        shell:
            "python -m pipeline_lib.index --layout places205-val --root {params.root:q} "
            "--images {output.images} --boxes {output.boxes} --classes {output.classes} "
            "--summary {output.summary} --log {log}"


rule find_units:
    input:
        weights=f"{RESULTS}/networks/{{network}}.safetensors",
        card=f"{RESULTS}/networks/{{network}}.json",
        images=f"{RESULTS}/data/{{set}}/images.csv",
        classes=f"{RESULTS}/data/{{set}}/classes.csv",
    output:
        f"{RESULTS}/units/{{set}}/{{network}}.h5",
    log:
        f"{RESULTS}/logs/units/{{set}}/{{network}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/units/{{set}}/{{network}}.tsv"
    wildcard_constraints:
        set="ilsvrc-val|places205-val",
    conda:
        CONDA
    threads: config["prediction"]["threads"]
    resources:
        **gpus(1),
    params:
        flags=unit_flags,
        root=lambda wildcards: ROOTS[wildcards.set],
        batch=config["prediction"]["batch"],
        workers=config["prediction"]["workers"],
    shell:
        "python -m pipeline_lib.find_units --network {input.weights} --images {input.images} "
        "--root {params.root:q} --names {input.classes} {params.flags} --batch {params.batch} "
        "--workers {params.workers} --threads {threads} --out {output} --log {log}"


rule measure_units:
    input:
        unpack(lambda wildcards: units_of(wildcards.units)),
    output:
        f"{RESULTS}/discovery/{{units}}.csv",
    log:
        f"{RESULTS}/logs/{{units}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{units}}.tsv"
    wildcard_constraints:
        units=one_of(UNIT_FIGURES),
    localrule: True
    conda:
        CONDA
    shell:
        "python -m pipeline_lib.measure_units --units {input.units} --images {input.images} "
        "--boxes {input.boxes} --names {input.classes} --out {output} --log {log}"


rule draw_units:
    input:
        unpack(lambda wildcards: units_of(TABLE_OF_UNITS[wildcards.figure])),
        measures=lambda wildcards: f"{RESULTS}/discovery/{TABLE_OF_UNITS[wildcards.figure]}.csv",
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
        figure=one_of(UNITS),
    localrule: True
    conda:
        CONDA
    params:
        root=lambda wildcards: ROOTS[UNIT_FIGURES[TABLE_OF_UNITS[wildcards.figure]][1]],
    shell:
        "python -m pipeline_lib.draw_units --units {input.units} --measures {input.measures} "
        "--images {input.images} --root {params.root:q} --names {input.classes} "
        "--out {output.png} --log {log}"
