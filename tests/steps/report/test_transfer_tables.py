"""Tables 4 and 5 from scores made by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.evaluation.bird_boxes import BIRD_BOX_COLUMNS
from pipeline_lib.evaluation.transfer import TRANSFER_SCORE_COLUMNS
from pipeline_lib.steps.report import tabulate

NAN = float("nan")


def scores(*rows):
    return pd.DataFrame(rows, columns=list(TRANSFER_SCORE_COLUMNS))


def score(row, name, crop="whole", value=50.0, chosen=True, normalised=True, splits=3, spread=0.5):
    metric = "average precision" if name == "SUN Attribute" else "accuracy"
    numbers = (value, value - 2, value + 2, spread, 240, splits)
    return (row, name, crop, metric, normalised, chosen, 0.1, *numbers)


@pytest.fixture
def study(tmp_path):
    for name in ("GoogLeNet-GAP", "mine"):
        card = {"name": name, "source": "timm", "architecture": name, "options": {}}
        card |= {"classes": ["n1"], "preprocessing": {"size": [64, 64]}}
        (tmp_path / f"{name}.json").write_text(json.dumps(card))
    summary = {"data_set": "Scene15", "found": 300, "expected": 4485}
    summary |= {"notes": ["300 of 4,485 images found."], "box_notes": []}
    (tmp_path / "scene15.json").write_text(json.dumps(summary))
    return tmp_path


def tabulated(study, table, frame, *flags):
    frame.to_csv(study / "scores.csv", index=False)
    out = study / "out" / f"{table}.csv"
    argv = ["--table", table, "--study", "mini", "--input", "scores", str(study / "scores.csv")]
    argv += ["--input", "cards", str(study / "GoogLeNet-GAP.json"), str(study / "mine.json")]
    assert tabulate.main([*argv, "--out", str(out), *map(str, flags)]) == 0
    return (
        pd.read_csv(out, comment="#"),
        out.with_suffix(".md").read_text(),
        out.with_suffix(".html").read_text(),
    )


def cell(frame, row, metric):
    (values,) = frame[(frame["row"] == row) & (frame["metric"] == metric)].to_dict("records")
    return values


def test_table_5_has_the_papers_cells_and_ours_by_the_chosen_features(study):
    frame = scores(
        score("GoogLeNet-GAP", "Scene15", value=81.5),
        score("GoogLeNet-GAP", "Scene15", value=79.25, chosen=False, normalised=False),
        score("GoogLeNet-GAP", "SUN Attribute", value=90.0, splits=1, spread=NAN),
        score("mine", "Scene15", value=60.0),
    )
    absent = "Event8=not computed: no Event8 at somewhere"
    table, text, page = tabulated(
        study, "table5", frame, "--input", "summaries", study / "scene15.json", "--absent", absent
    )
    ours = cell(table, "gap from GoogLeNet-GAP", "Scene15")
    assert (ours["paper"], ours["ours"], ours["spread"], ours["n"]) == (88.30, 81.5, 0.5, 240)
    assert ours["note"] == "L2-normalised, C 0.1, raw: 79.2, C 0.1, 3 splits"
    assert cell(table, "mine", "Scene15")["ours"] == 60
    assert np.isnan(cell(table, "mine", "Scene15")["paper"])
    assert cell(table, "fc7 from AlexNet", "SUN Attribute")["paper"] == 84.23
    assert cell(table, "mine", "Event8")["note"] == "not computed: no Event8 at somewhere"
    assert len(table) == 4 * 8
    lines = text.splitlines()
    (scene,) = [line for line in lines if line.startswith("| Scene15 ")]
    assert "81.50 ± 0.50 [79.5–83.5]" in scene
    assert "300 of 4,485 images found." in scene
    (attribute,) = [line for line in lines if line.startswith("| SUN Attribute ")]
    assert "Average precision" in attribute and "±" not in attribute
    assert "89.85" in text  # the footnote on the suspicious cell
    assert "81.50 ± 0.50" in page
    assert "SUN Attribute's interval resamples the attributes" in text


def test_table_4_has_a_row_a_crop_the_quoted_ones_and_chance(study):
    frame = scores(
        *(
            score("GoogLeNet-GAP", "CUB-200-2011", crop, value, splits=1, spread=NAN)
            for crop, value in (("whole", 60.0), ("cam", 65.0), ("box", 70.0))
        )
    )
    located = pd.DataFrame(
        [
            ("GoogLeNet-GAP on crop", 40.0, 35.0, 45.0, 243, "paper", 0.3, "bicubic"),
            ("Chance: full image", 18.0, 15, 21, 243, "", None, ""),
        ],
        columns=list(BIRD_BOX_COLUMNS),
    )
    located.to_csv(study / "located.csv", index=False)
    table, text, _ = tabulated(study, "table4", frame, "--input", "located", study / "located.csv")
    for row, paper, ours in (
        ("GoogLeNet-GAP on full image", 63.0, 60.0),
        ("GoogLeNet-GAP on crop", 67.8, 65.0),
        ("GoogLeNet-GAP on BBox", 70.5, 70.0),
    ):
        values = cell(table, row, "accuracy")
        assert (values["paper"], values["ours"]) == (paper, ours)
    crop = cell(table, "GoogLeNet-GAP on crop", "localization")
    assert (crop["paper"], crop["ours"], crop["n"]) == (41.0, 40.0, 243)
    quoted = cell(table, "PANDA R-CNN (BBox and parts)", "accuracy")
    assert quoted["paper"] == 76.4 and np.isnan(quoted["ours"])
    assert quoted["note"] == "quoted from the paper, not reproduced"
    assert cell(table, "Chance, undefined", "localization")["paper"] == 5.5
    chance = cell(table, "Chance: full image", "localization")
    assert chance["ours"] == 18 and chance["note"] == "a baseline without a network"
    assert "| Chance: full image" in text
    # How the boxes were made is read from their table.
    assert "component above 30 % of the map's maximum (bicubic upsampling)" in text
    assert "20 %" not in text
    assert "That SVM was fitted on the training images" in text
    assert "SUN Attribute's" not in text


def test_bird_boxes_of_two_thresholds_are_refused_in_one_line(study, capsys):
    rows = [(f"net {t} on crop", 40.0, 35.0, 45.0, 243, "paper", t, "bilinear") for t in (0.2, 0.3)]
    located, out = study / "located.csv", study / "table4.csv"
    pd.DataFrame(rows, columns=list(BIRD_BOX_COLUMNS)).to_csv(located, index=False)
    argv = ["--table", "table4", "--study", "mini", "--input", "located", str(located)]
    assert tabulate.main([*argv, "--out", str(out)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "several settings; rerun localize and evaluate_birds" in line
    assert not out.exists()


def test_a_reason_without_a_name_is_refused(study, capsys):
    argv = ["--table", "table5", "--study", "mini", "--absent", "no name", "--out", "t.csv"]
    with pytest.raises(SystemExit):
        tabulate.main(argv)
    assert "'no name' is not NAME=WHY" in capsys.readouterr().err


def test_without_any_set_every_cell_of_ours_is_empty_and_says_why(study):
    absent = "CUB-200-2011=not computed: no CUB-200-2011 at x/CUB_200_2011"
    table, _, _ = tabulated(study, "table4", scores(), "--absent", absent)
    assert table["ours"].isna().all()
    assert cell(table, "GoogLeNet-GAP on crop", "accuracy")["note"].endswith("at x/CUB_200_2011")
    table, _, _ = tabulated(study, "table5", scores())
    assert table["ours"].isna().all() and (table["note"] != "").all()
