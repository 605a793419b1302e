import json

import pandas as pd
import pytest

from pipeline_lib.evaluation.scores import SCORE_COLUMNS
from pipeline_lib.steps.report import tabulate

OTHERS = ("centred", "swept", "nothing")


def write_scores(path, rows, threshold=0.2):
    """Rows of (row, box method, method, crops, metric, error, low, high, n) with their settings."""
    swept = ("threshold chosen", "localization top-1 at it", "MaxBoxAccV2")
    full = []
    for name, box_method, method, crops, metric, *numbers in rows:
        is_paper = box_method == "paper" and metric not in swept
        fraction = 0.8 if box_method == "centred" else None
        settings = (threshold if is_paper else None, "bilinear", fraction)
        full.append((name, box_method, method, crops, *settings, metric, *numbers))
    pd.DataFrame(full, columns=list(SCORE_COLUMNS)).to_csv(path, index=False)


def network_scores(name, error):
    metrics = [f"{kind} top-{k}" for kind in ("classification", "localization") for k in (1, 5)]
    return [
        (name, box_method, "cam", crops, metric, error, error - 2, error + 2, 480)
        for box_method, crops in (("paper", 1), ("authors", 10))
        for metric in metrics
    ]


@pytest.fixture
def study(tmp_path):
    for name, architecture in (("GoogLeNet-GAP", "googlenet-gap"), ("my-net", "mine")):
        values = {
            "name": name,
            "source": "timm",
            "architecture": architecture,
            "options": {},
            "classes": ["n1"],
            "preprocessing": {"size": [64, 64]},
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(values))
    for name, error in (("GoogLeNet-GAP", 61.25), ("my-net", 12.5)):
        write_scores(tmp_path / f"{name}.csv", network_scores(name, error))
    swept = ("my-net", "paper", "cam", 1)
    others = {
        "centred": [("Centred box", "centred", "none", 0, "GT-known", 38.92, 35, 43, 480)],
        "swept": [
            (*swept, "threshold chosen", 31.0, None, None, 96),
            (*swept, "localization top-1 at it", 12.0, 10, 14, 384),
            (*swept, "MaxBoxAccV2", 66.61, 64, 68, 480),
        ],
        "nothing": [],  # of a study without true boxes
    }
    for name, rows in others.items():
        write_scores(tmp_path / f"{name}.csv", rows)
    summary = {"data_set": "ILSVRC2012 val", "found": 650, "expected": 50_000}
    summary["notes"] = ["650 of 50,000 val images found."]
    summary["box_notes"] = ["No blacklist in the devkit.", "3 images have no box file."]
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    return tmp_path


def run(study, table, *flags):
    out = study / "out" / f"{table}.csv"
    files = {
        "scores": [f"{name}.csv" for name in ("GoogLeNet-GAP", "my-net", *OTHERS)],
        "cards": ["GoogLeNet-GAP.json", "my-net.json"],
        "summary": ["summary.json"],
    }
    argv = ["--table", table, "--study", "small", "--out", str(out), *flags]
    for role, names in files.items():
        argv += ["--input", role, *(str(study / name) for name in names)]
    return tabulate.main(argv), out


@pytest.mark.parametrize("table", ["table1", "table2", "table3"])
def test_a_table_is_written_in_four_forms(study, table):
    status, out = run(study, table)
    assert status == 0
    assert sorted(path.name for path in out.parent.iterdir()) == [
        f"{table}.csv",
        f"{table}.html",
        f"{table}.json",
        f"{table}.md",
    ]
    assert out.read_text().splitlines()[0] == "row,metric,paper,ours,low,high,n,note"
    for form in (".md", ".html"):
        text = out.with_suffix(form).read_text()
        for word in ("61.25", "12.50", "my-net", "650 of 50,000 val images found.", "small"):
            assert word in text, (form, word)


def test_the_csv_keeps_paper_and_ours_apart(study):
    _, out = run(study, "table2")
    table = pd.read_csv(out, comment="#").set_index(["row", "metric"])
    assert table.loc[("GoogLeNet-GAP", "top-1"), ["paper", "ours"]].tolist() == [56.4, 61.25]
    assert table.loc[("GoogLeNet-GAP", "top-5"), ["low", "high"]].tolist() == [59.25, 63.25]
    assert table.loc[("Centred box", "GT-known"), "ours"] == 38.92
    assert set(table.loc[table["ours"].notna()].index.get_level_values("row")) == {
        "GoogLeNet-GAP",
        "my-net",
        "Centred box",
    }
    assert table.loc[("my-net", "MaxBoxAccV2"), "ours"] == 66.61
    assert table["paper"].notna().sum() == 20


@pytest.mark.parametrize("table", ["table1", "table2", "table3"])
def test_training_images_that_were_left_out_are_noted(study, table):
    summary = {"data_set": "ILSVRC2012 train", "found": 9, "notes": ["Other."], "unreadable": 1}
    (study / "train.json").write_text(json.dumps(summary))
    _, out = run(study, table, "--input", "training-summary", str(study / "train.json"))
    text = out.with_suffix(".md").read_text()
    assert "- ILSVRC2012 train: 1 image cannot be decoded and is left out.\n" in text
    assert "Other." not in text


def test_table_1_has_one_crop_beside_the_paper_and_ten_beside_it(study):
    scores = network_scores("my-net", 12.5)
    ten = [(*row[:5], row[5] - 1, *row[6:]) if row[3] == 10 else row for row in scores]
    write_scores(study / "my-net.csv", ten)
    _, out = run(study, "table1")
    table = pd.read_csv(out, comment="#").set_index(["row", "metric"])["ours"]
    assert table["my-net", "top-1"] == table["my-net", "top-5"] == 12.5
    assert table["my-net", "top-1 (ten crops)"] == table["my-net", "top-5 (ten crops)"] == 11.5
    text = out.with_suffix(".md").read_text()
    assert "the corners and the centre" in text
    head = next(line for line in text.splitlines() if line[:1] == "|")
    assert "top-1 paper" in head and "top-1 (ten crops) paper" not in head


@pytest.mark.parametrize(("table", "expected"), [("table1", False), ("table2", True)])
def test_notes_on_boxes_are_in_tables_that_score_boxes(study, table, expected):
    status, out = run(study, table)
    assert status == 0
    for form in (".md", ".html"):
        text = out.with_suffix(form).read_text()
        for word in (
            "bilinear",
            "20 %",
            "10 crops",
            "my-net 31 % (top-1 error 12.0)",
            "No blacklist in the devkit.",
            "3 images have no box file.",
        ):
            assert (word in text) == expected, (form, word)


def test_the_threshold_in_the_note_is_the_one_that_the_boxes_were_made_with(study):
    for name, error in (("GoogLeNet-GAP", 61.25), ("my-net", 12.5)):
        write_scores(study / f"{name}.csv", network_scores(name, error), threshold=0.3)
    status, out = run(study, "table2")
    assert status == 0
    text = out.with_suffix(".md").read_text()
    assert "above 30 % of its maximum" in text
    assert "20 %" not in text


def test_scores_of_two_thresholds_are_refused_in_one_line(study, capsys):
    write_scores(study / "my-net.csv", network_scores("my-net", 12.5), threshold=0.3)
    status, out = run(study, "table2")
    assert status == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "GoogLeNet-GAP (20 %, bilinear) and my-net (30 %, bilinear)" in line
    assert line.endswith("several settings; rerun localize")
    assert not out.exists()


def test_a_role_that_is_missing_is_one_line(study, capsys):
    argv = ["--table", "table1", "--study", "small", "--out", str(study / "t.csv")]
    assert tabulate.main(argv) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "table1 needs --input scores" in line


def test_gt_known_which_the_paper_does_not_report_has_no_paper_column(study):
    _, out = run(study, "table2")
    head = next(line for line in out.with_suffix(".md").read_text().splitlines() if line[:1] == "|")
    for word, expected in (
        ("GT-known ours", True),
        ("GT-known paper", False),
        ("top-5 paper", True),
    ):
        assert (word in head) == expected, word


def test_scores_that_are_missing_are_one_line(study, capsys):
    (study / "my-net.csv").unlink()
    status, out = run(study, "table2")
    assert status == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not out.exists()


def test_table_3_is_of_val_and_says_what_the_papers_is_of(study):
    _, out = run(study, "table3")
    for form in (".md", ".html"):
        text = out.with_suffix(form).read_text()
        for word in ("test set", "scored on val", "submission", "my-net (heuristics)"):
            assert word in text, (form, word)
