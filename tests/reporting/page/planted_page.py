"""A study's folder of results with one of each: for tests of the page."""

import os
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline_lib.common.files import write_json
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.reporting.claims.claim import read_claims
from pipeline_lib.reporting.claims.judge import Tables, as_rows, judge
from pipeline_lib.reporting.page.render import Contents

NASTY = """<script>alert("x")</script> $5 & 'é日本'"""
COMMAND = "python -m pipeline_lib evaluate --out results/mini/scores/net.csv --log x"


def plant_page(results: Path) -> Contents:
    """Write tables, a figure, claims, a log and a graph; return the page's contents."""
    for name in ("tables", "figures", "scores", "logs/evaluate", "benchmarks", "report"):
        (results / name).mkdir(parents=True)
    (results / "logs/evaluate/net.log").write_text(f"{COMMAND}\nfine\n")
    (results / "benchmarks/net.tsv").write_text("s\tmax_rss\n12.5\t100.0\n")
    for name in ("scores/net.csv", "scores/net.images.csv", "tables/table2.csv"):
        (results / name).write_text("x\n")
    sources = {"scores": "../scores/net.csv", "by_image": "../scores/net.images.csv"}
    rows = [
        ("GoogLeNet-GAP", 56.4, 60.0, f"trained on {NASTY}"),
        ("NIN", 65.5, None, "not computed"),
        (NASTY, None, 41.0, ""),
    ]
    cells = [
        {"row": row, "metric": metric, "paper": paper, "ours": ours, "note": note,
         "low": ours and ours - 2, "high": ours and ours + 2, "n": 320 if ours else 0,
         **(sources if ours else {}), "column": "localization top-1"}
        for row, paper, ours, note in rows
        for metric in ("top-1", "top-5", "MaxBoxAccV2")
    ]  # fmt: skip
    write_json(results / "tables/table2.json", {"notes": [f"Of {NASTY}."], "cells": cells})
    figure = Image.fromarray(np.full((300, 500, 3), 90, np.uint8))
    figure.save(results / "figures/figure3.png")
    write_json(results / "figures/figure3.json", {"alt": f"Maps of {NASTY}."})
    write_csv(results / "claims.csv", as_rows([judge(c, Tables({})) for c in read_claims()]))
    job = {
        "rule": "evaluate", "wildcards": {"network": NASTY}, "inputs": [], "threads": 1,
        "outputs": ["scores/net.csv"], "log": ["logs/evaluate/net.log"],
        "benchmark": "benchmarks/net.tsv", "due": True, "earlier": False,
    }  # fmt: skip
    run = {"folder": os.path.abspath(results), "persistence": "", "host": "", "pid": 1}
    configuration = {"boxes": {"threshold": 0.3}, "figures": {"network": "GoogLeNet-GAP"}}
    write_json(results / "graph.json", run | {"configuration": configuration, "jobs": [job]})
    return Contents(
        study="mini",
        results=results,
        out=results / "report/index.html",
        tables=[results / "tables/table2.json"],
        figures=[results / "figures/figure3.png"],
        claims=results / "claims.csv",
        configuration=configuration,
        own={"figures": {"network": "GoogLeNet-GAP"}},
        left_out={f"Figure 9 {NASTY}": "no images"},
    )
