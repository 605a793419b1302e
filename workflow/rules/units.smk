# Section 5, Figure 13: the units that classes rest on, and what they look at.

UNIT_NETWORK = config["units"].get("network") or (
    "AlexNetplus-GAP" if "AlexNetplus-GAP" in NETWORKS else MAIN
)
if UNIT_NETWORK not in NETWORKS:
    refuse(f"config.units.network: '{UNIT_NETWORK}' is not in networks")
UNITS = ["figure13"]
DISCOVERED += [f"{RESULTS}/discovery/units.{form}" for form in ("csv", "h5")]


rule find_units:
    input:
        weights=f"{RESULTS}/networks/{UNIT_NETWORK}.safetensors",
        card=f"{RESULTS}/networks/{UNIT_NETWORK}.json",
        predictions=prediction("whole", UNIT_NETWORK),
        images=f"{RESULTS}/data/ilsvrc-val/images.csv",
        boxes=f"{RESULTS}/data/ilsvrc-val/boxes.csv",
        classes=f"{RESULTS}/data/ilsvrc-val/classes.csv",
    output:
        units=f"{RESULTS}/discovery/units.csv",
        by_image=f"{RESULTS}/discovery/unit-images.csv",
        masks=f"{RESULTS}/discovery/units.h5",
    log:
        f"{RESULTS}/logs/find-units.log",
    benchmark:
        f"{RESULTS}/benchmarks/find-units.tsv"
    conda:
        CONDA
    threads: config["prediction"]["threads"]
    resources:
        **gpus(1),
    params:
        root=ROOTS["ilsvrc-val"],
        flags=unit_flags,
        batch=config["prediction"]["batch"],
        workers=config["prediction"]["workers"],
    shell:
        "python -m pipeline_lib.find_units --network {input.weights} "
        "--predictions {input.predictions} --images {input.images} --boxes {input.boxes} "
        "--class-names {input.classes} --root {params.root:q} {params.flags} "
        "--batch {params.batch} --workers {params.workers} --threads {threads} "
        "--out {output.units} --by-image {output.by_image} --masks {output.masks} --log {log}"


rule draw_units:
    input:
        units=f"{RESULTS}/discovery/units.csv",
        by_image=f"{RESULTS}/discovery/unit-images.csv",
        masks=f"{RESULTS}/discovery/units.h5",
        images=f"{RESULTS}/data/ilsvrc-val/images.csv",
    output:
        png=report(
            f"{RESULTS}/figures/figure13.png",
            caption="../report/units.rst",
            category="Figures",
            labels={"figure": "figure13"},
        ),
        pdf=f"{RESULTS}/figures/figure13.pdf",
        json=f"{RESULTS}/figures/figure13.json",
    log:
        f"{RESULTS}/logs/figure13.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure13.tsv"
    localrule: True
    conda:
        CONDA
    params:
        root=ROOTS["ilsvrc-val"],
    shell:
        "python -m pipeline_lib.draw_units --units {input.units} --by-image {input.by_image} "
        "--masks {input.masks} --images {input.images} --root {params.root:q} "
        "--out {output.png} --log {log}"
