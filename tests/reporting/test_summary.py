"""The end of a run on one screen, from planted tables."""

import json

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.data.manifest import write_csv
from pipeline_lib.evaluation.randomized_table import summarise_agreement
from pipeline_lib.reporting.catalogue import FIGURES, TABLES, available
from pipeline_lib.reporting.found import found
from pipeline_lib.reporting.summary import claims_line, main_cells, summary
from pipeline_lib.reporting.tables.table import SOURCE_COLUMNS, TABLE_COLUMNS
from pipeline_lib.study.configuration.load import load_configuration
from pipeline_lib.study.study import build_study
from tests.reporting.score_rows import scores

NAN = float("nan")


def cells(*rows):
    """Cells of a table: (row, metric, paper, ours)."""
    full = [(*row, row[3] - 2, row[3] + 2, 100, "a note", "", "", "") for row in rows]
    return pd.DataFrame(full, columns=list(TABLE_COLUMNS))


@pytest.fixture
def study(repository):
    return build_study(load_configuration({"study": "mini"}, repository / "workflow/studies"))


@pytest.fixture
def finished(study, tmp_path):
    """A folder with all files of the study's tables and figures, and its page."""
    rows = [(f"Network {n}", m, 40.0, 50.0 + n) for n in range(12) for m in ("top-1", "top-5")]
    rows.insert(7, ("GoogLeNet-GAP", "top-1", 35.0, 28.26))
    measures = [
        (f"Figure {n}: shown {k}", m, NAN, v)
        for n in range(9, 14)
        for k in range(3)
        for m, v in (("measured", 80.0 + n), ("baseline", 20.0))
    ]
    for artefact in available(study):
        for file in map(tmp_path.joinpath, artefact.files(study)):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        if artefact.name in TABLES:
            table = cells(*(measures if artefact.name == "measures" else rows))
            sources = table[["row", "metric", *SOURCE_COLUMNS]]
            write_csv(tmp_path / study.paths.sources(artefact.name), sources)
            table = table.drop(columns=list(SOURCE_COLUMNS))
            write_csv(tmp_path / study.paths.table(artefact.name), table)
    page = tmp_path / study.paths.report
    page.parent.mkdir()
    page.touch()
    return tmp_path


def test_a_finished_study_fits_a_screen_and_ends_with_the_page(study, finished):
    write_csv(
        finished / study.paths.results / "claims.csv",
        pd.DataFrame(
            {"claim": list("abcd"), "state": ["undecided", "holds", "holds", "does not hold"]}
        ),
    )
    lines = summary(study, finished).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines[:-1])) <= 100
    figures = sum(not each.unavailable(study) for each in FIGURES.values())
    assert lines[0].startswith(f"mini: {len(TABLES)} tables, {figures} figures")
    assert lines[-1] == f"The page: {(finished / study.paths.report).as_uri()}"
    assert "Claims of the paper: 2 holds, 1 does not hold, 1 undecided" in lines
    assert not any(line.startswith("missing") for line in lines)
    (row,) = (line for line in lines if line.startswith("Table 2") and "GoogLeNet-GAP" in line)
    assert row.split()[-5:] == ["28.3", "26.3", "to", "30.3", "35.0"]
    (row,) = (line for line in lines if line.startswith("Figure 11"))
    assert row.split() == [
        "Figure",
        "11",
        "shown",
        "0",
        "(baseline",
        "20.0)",
        "91.0",
        "89.0",
        "to",
        "93.0",
    ]


def test_half_a_study_says_what_is_missing_and_the_command(study, finished):
    for name in ("figure3.png", "figure13.json"):
        (finished / study.paths.results / "figures" / name).unlink()
    (finished / study.paths.table("table4")).unlink()
    (finished / study.paths.report).unlink()
    text = summary(study, finished)
    assert "missing: table4, figure3, figure13; `snakemake all " in text
    assert "no page yet: `snakemake report --cores 1 --config study=mini` makes it" in text
    assert "Table 4" not in text


def test_nothing_at_all_is_no_error(study, tmp_path):
    text = summary(study, tmp_path)
    assert text.startswith("mini: 0 tables, 0 figures")
    assert len(text.splitlines()) <= 24


def test_the_studys_own_network_comes_first_then_what_the_paper_has():
    table = cells(
        ("New", "top-1", NAN, 10.0),
        ("VGGnet-GAP", "top-1", 33.4, 20.0),
        ("VGGnet-GAP", "top-5", 12.2, 5.0),
        ("gap from GoogLeNet-GAP", "SUN397", 51.3, 60.0),
        ("GoogLeNet-GAPPED", "top-1", 1.0, 2.0),
        ("AlexNet", "top-1", 42.6, NAN),
    )
    rows = list(main_cells(table, "GoogLeNet-GAP", 4)["row"])
    assert rows == ["gap from GoogLeNet-GAP", "VGGnet-GAP", "GoogLeNet-GAPPED", "New"]


def test_without_claims_there_is_no_line_about_them(tmp_path):
    assert claims_line(tmp_path / "claims.csv") == []


def test_what_chapters_found_is_read_from_their_files(tmp_path):
    results = tmp_path / "results/mini"
    for name, rows in (("a", 2), ("b", 3)):
        path = results / f"data/{name}/images.csv"
        path.parent.mkdir(parents=True)
        write_csv(path, pd.DataFrame({"image_id": [str(n) for n in range(rows)]}))
    (results / "networks").mkdir()
    for name, accuracy in (("A", 0.25), ("B", 0.75)):
        card = {"name": name, "source": "trained", "training": {"accuracy": accuracy}}
        (results / f"networks/{name}.json").write_text(json.dumps(card))
    for name, error in (("A", 61.0), ("B", 52.5)):
        path = results / f"scores/network/one-crop/paper/{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_csv(path, scores((name, "localization top-1", error, 50.0, 60.0, 100)))
    files = [str(path.relative_to(tmp_path)) for path in results.rglob("*.*")]

    def told(chapter, outputs=files):
        return found(chapter, outputs, tmp_path)

    assert told("data") == "2 image sets of 5 images"
    assert told("networks") == "2 trained (most training images right: B, 75 %)"
    assert told("localization") == "least top-1 localization error: B, 52.5 %"
    randomized = {m: np.full((3, 2, 2), 0.25 * k) for k, m in enumerate(("cam", "grad-cam"))}
    table = summarise_agreement("B", randomized, ["head", "conv1"], {"backprop": "cannot"})
    write_csv(results / "checks" / "randomized" / "B.csv", table)
    for name in ("B.csv", "B.images.csv"):
        write_csv(results / "checks" / "faithfulness" / name, table)
    made = [str(path.relative_to(tmp_path)) for path in sorted(results.glob("checks/*/*"))]
    assert told("checks", made[2:]) == "rank correlation left: cam 0.00, grad-cam 0.25"
    assert told("checks", made[:2]) == "faithfulness of 1 network"
    assert told("localization", ["results/mini/gone.csv"]) == told("cluster") == ""
