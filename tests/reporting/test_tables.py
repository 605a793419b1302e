import math

import pandas as pd
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.evaluation.outcomes import network_outcomes
from pipeline_lib.evaluation.scores import network_scores
from pipeline_lib.localization.heat_maps import TRUE_CLASS
from pipeline_lib.localization.predictions import METHODS
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.reporting.tables.columns import AUTHORS, CITED, LAYOUTS, SUBMITTED, SWEPT
from pipeline_lib.reporting.tables.describe import (
    describe,
    describe_box_methods,
    describe_sizes,
    describe_thresholds,
)
from pipeline_lib.reporting.tables.localization import build_cells
from pipeline_lib.reporting.tables.table import paper_numbers
from tests.reporting.random_predictions import boxes_of, random_predictions
from tests.reporting.score_rows import CENTRED, NO_SCORES, centred, score, scores

TABLES = ("table1", "table2", "table3")


def card(name, **changed):
    values = {
        "name": name,
        "source": "trained",
        "architecture": "googlenet-gap",
        "options": {"width": 0.25},
        "classes": ["n1", "n2"],
        "preprocessing": Preprocessing((64, 96)),
        "training": {"start": None, "images": 12_345, "epochs": 3},
    }
    return NetworkCard(**values | changed)


@pytest.mark.parametrize("table", TABLES)
def test_a_row_the_study_lacks_is_there_empty_and_says_why(table):
    built = build_cells(table, NO_SCORES, [card("GoogLeNet-GAP")])
    for name in paper_numbers()[table]["rows"]:
        rows = built[built["row"] == name]
        assert len(rows) == len(LAYOUTS[table].columns)
        assert (rows["note"].str.len() > 10).all()
        assert name not in ("Backprop on VGGnet", "Backprop") or (
            rows["note"].str.contains("not computed").all()
        )
        assert rows["note"].str.contains("quoted").all() == name.endswith("(with boxes)")


def test_a_score_stands_beside_the_papers_number_of_its_row_and_metric():
    results = scores(
        ("GoogLeNet-GAP", "localization top-1", 61.5, 60.0, 63.0, 480),
        ("GoogLeNet-GAP", "classification top-1", 11.0, 10.0, 12.0, 500),
        ("NIN", "localization top-1", 71.5, 70.0, 73.0, 480),
    )
    built = build_cells("table2", results, [card("GoogLeNet-GAP"), card("NIN")])
    computed = built[built["ours"].notna()].set_index(["row", "metric"])
    assert sorted(computed.index) == [("GoogLeNet-GAP", "top-1"), ("NIN", "top-1")]
    assert built.loc[built["row"] == "NIN", "note"].str.contains("empty cells").sum() == 5
    row = computed.loc[("GoogLeNet-GAP", "top-1")]
    assert row[["paper", "ours", "low", "high", "n"]].tolist() == [56.4, 61.5, 60.0, 63.0, 480]
    assert "googlenet-gap" in row["note"]


def test_own_networks_follow_the_papers_and_the_baseline_comes_last():
    cards = [card("my net"), card("NIN"), card("a net")]
    results = pd.concat([scores(("a net", "GT-known", 30.0, 29.0, 31.0, 10)), centred(40.0)])
    built = build_cells("table2", results, cards)
    names = list(dict.fromkeys(built["row"]))
    assert names == [*paper_numbers()["table2"]["rows"], "my net", "a net", CENTRED]
    assert built.loc[built["row"].isin(["my net", "a net", CENTRED]), "paper"].isna().all()
    known = built[(built["metric"] == "GT-known")].set_index("row")["ours"]
    assert known["a net"] == 30
    assert known[CENTRED] == 40
    assert math.isnan(known["my net"])


def test_the_centred_box_belongs_to_localization_alone_and_names_no_class():
    first = build_cells("table1", NO_SCORES, [])
    assert CENTRED not in set(first["row"])
    results = centred(40.0)
    second = build_cells("table2", results, [])
    rows = second[second["row"] == CENTRED].set_index("metric")
    assert rows.loc["GT-known", "note"].startswith("80% of each side")
    assert "class" in rows.loc["top-1", "note"]
    assert math.isnan(rows.loc["top-1", "ours"])


def test_a_network_is_described_by_what_differs_from_the_paper():
    trained = describe(card("x"))
    for word in ("googlenet-gap", "width=0.25", "96x64", "from scratch", "12,345", "3 epochs"):
        assert word in trained
    training = {"start": "googlenet", "images": 5, "epochs": 0.5}
    assert "fine-tuned from googlenet" in describe(card("x", training=training))
    taken = describe(card("x", source="timm", architecture="lite0", options={}, training={}))
    for word in ("timm", "lite0", "not the paper's"):
        assert word in taken
    weights = {"weights": "x.caffemodel"}
    released = describe(card("x", source="caffe", architecture="caffe", training=weights))
    assert "the released Caffe network (x.caffemodel)" in released


@pytest.mark.parametrize(
    ("error", "low", "high", "is_said"),
    [(99.9, 99.7, 100, True), (98, 95, 99.8, False), (20, 15, 25, False), (100, 100, 100, True)],
)
def test_a_network_that_only_guesses_is_said(error, low, high, is_said):
    results = scores(("x", "classification top-1", error, low, high, 500))
    classes = [f"n{k}" for k in range(1000)]
    built = build_cells("table1", results, [card("x", classes=classes, source="timm")])
    (note,) = built.loc[(built["row"] == "x") & built["ours"].notna(), "note"]
    assert ("no better than a guess among its 1,000 classes" in note) == is_said


def cells(built):
    """{(row, column): our number} of the cells that have one."""
    built = built[built["ours"].notna()]
    return {(r.row, r.metric): r.ours for r in built.itertuples()}


def test_each_column_shows_the_box_method_for_the_kind_of_its_rows_maps():
    net, gradient = "GoogLeNet-GAP", "Backprop on AlexNet"
    top = "localization top-1"
    results = pd.concat(
        [
            scores(score(net, top, 10.0)),
            scores(score(net, top, 11.0), box_method="authors", crops=10),
            scores(score(net, "MaxBoxAccV2", 60.0), score(net, f"{top} at it", 12.0)),
            scores(score("VGGnet", top, 15.0), method="grad-cam"),
            scores(score(gradient, top, 20.0), box_method="graphcut", method="backprop", crops=10),
            scores(score(gradient, top, 21.0), box_method="authors", method="backprop", crops=10),
            scores(score(gradient, top, 22.0), box_method="paper", method="backprop", crops=10),
            scores(score(gradient, "MaxBoxAccV2", 50.0), method="backprop", crops=10),
            scores(score("Backprop on mine", top, 30.0), box_method="graphcut", method="backprop"),
        ],
        ignore_index=True,
    )
    built = build_cells("table2", results, [card(net), card("VGGnet")])
    assert cells(built) == {
        (net, "top-1"): 10,
        (net, "top-1 (authors' rule)"): 11,
        (net, "MaxBoxAccV2"): 60,
        ("VGGnet", "top-1"): 15,
        (gradient, "top-1"): 20,
        (gradient, "top-1 (authors' rule)"): 21,
        (gradient, "MaxBoxAccV2"): 50,
        ("Backprop on mine", "top-1"): 30,
    }
    notes = built.set_index(["row", "metric"])["note"]
    assert "10 crops" in notes[gradient, "top-1"]
    assert "graph cut" in notes[gradient, "top-1"]
    assert "one crop" in notes["Backprop on mine", "top-1"]
    assert "Grad-CAM" in notes["VGGnet", "top-1"]
    assert "Grad-CAM" not in notes[net, "top-1"]
    assert list(dict.fromkeys(built["row"]))[-3:] == ["VGGnet", "Backprop on mine", CENTRED]


def test_rows_by_other_methods_have_the_boxes_of_their_kind_and_say_so():
    top, smooth = "localization top-1", "SmoothGrad on mine"
    results = pd.concat(
        [
            scores(score("mine", top, 15.0), method="layer-cam"),
            scores(score("mine", top, 16.0), box_method="authors", method="layer-cam"),
            scores(score(smooth, top, 20.0), method="smooth-grad"),
            scores(score(smooth, top, 21.0), box_method="authors", method="smooth-grad"),
            scores(score(smooth, "MaxBoxAccV2", 50.0), method="smooth-grad"),
        ],
        ignore_index=True,
    )
    built = build_cells("table2", results, [card("mine")])
    assert cells(built) == {
        ("mine", "top-1"): 15,
        ("mine", "top-1 (authors' rule)"): 16,
        (smooth, "top-1"): 20,
        (smooth, "top-1 (authors' rule)"): 21,
        (smooth, "MaxBoxAccV2"): 50,
    }
    notes = built.set_index(["row", "metric"])["note"]
    assert "maps by LayerCAM" in notes["mine", "top-1"]
    assert "SmoothGrad, one crop" in notes[smooth, "top-1"]
    assert "graph cut" not in notes[smooth, "top-1"]


def test_every_kind_of_maps_has_a_box_method_in_every_column():
    for box_methods in (CITED, AUTHORS, SUBMITTED, SWEPT):
        assert set(METHODS) <= set(box_methods)
    of_graph_cut = {each for each in METHODS if "graphcut" in (CITED[each], SUBMITTED[each])}
    assert of_graph_cut == {"backprop"}


def test_classes_are_those_of_one_crop_and_of_ten_and_of_networks_alone():
    top, five = "classification top-1", "classification top-5"
    results = pd.concat(
        [
            scores(score("NIN", top, 10.0), score("NIN", five, 5.0)),
            scores(score("NIN", top, 9.0), score("NIN", five, 4.0), box_method="authors", crops=10),
            # By hand the authors' box method can be given maps of one crop.
            scores(score("VGGnet", top, 8.0), box_method="authors", crops=1),
            scores(score("Backprop on mine", top, 7.0), box_method="authors", method="backprop"),
        ],
        ignore_index=True,
    )
    built = build_cells("table1", results, [card("NIN"), card("VGGnet")])
    assert cells(built) == {
        ("NIN", "top-1"): 10,
        ("NIN", "top-5"): 5,
        ("NIN", "top-1 (ten crops)"): 9,
        ("NIN", "top-5 (ten crops)"): 4,
    }
    assert not built["row"].str.startswith("Backprop").any()
    assert built.loc[built["metric"].str.contains("ten crops"), "paper"].isna().all()


def test_the_ten_crop_error_is_that_of_the_maps_of_ten_crops():
    """From predictions to the cell, against an argsort of the scores."""
    predictions = random_predictions(3, crops=10)
    images, true_boxes = boxes_of(predictions)
    boxes = pd.DataFrame(
        [
            (name, TRUE_CLASS, "", 0.0, 0, 0, 9, 9, fit)
            for name in predictions.image_id
            for fit in ("loose", "tight")
        ],
        columns=["image_id", "rank", "class", "score", "x0", "y0", "x1", "y1", "fit"],
    )
    settings = {"box_method": "authors", "threshold": None, "interpolation": "bilinear"}
    outcomes = network_outcomes(predictions, boxes, images, true_boxes)
    results = network_scores(outcomes, predictions, settings)
    built = build_cells("table1", results, [card("net")])
    for k in (1, 5):
        best = [set(row[:k].tolist()) for row in predictions.classes]
        wrong = [t not in b for t, b in zip(predictions.true_class.tolist(), best, strict=True)]
        assert cells(built)["net", f"top-{k} (ten crops)"] == pytest.approx(
            100 * sum(wrong) / len(wrong)
        )


def test_how_much_smaller_objects_are_in_the_whole_image_is_said_of_trained_networks():
    full = card("a", preprocessing=Preprocessing((224, 224), warp=(256, 256)))
    small = card("b", preprocessing=Preprocessing((96, 96), warp=(128, 128)))
    other = card("c", source="timm", preprocessing=Preprocessing((300, 300)))
    (sentence,) = describe_sizes([full, full, other])
    assert "by 12.5 % (224 of 256 pixels)." in sentence
    (sentence,) = describe_sizes([full, small])
    assert "12.5 % (224 of 256 pixels) or 25 % (96 of 128 pixels)" in sentence
    assert describe_sizes([other]) == []


def test_table_3_has_every_network_twice_and_the_baseline_under_its_own_name():
    five, heuristics = "localization top-5", "heuristics top-5"
    results = pd.concat(
        [
            # By the paper's box method, which was not submitted.
            scores(score("GoogLeNet-GAP", five, 43.0)),
            *(
                scores(
                    score(name, five, error),
                    score(name, heuristics, error - 5),
                    box_method="authors",
                )
                for name, error in (("GoogLeNet-GAP", 40.0), ("mine", 50.0))
            ),
            scores(
                score("Backprop on AlexNet", five, 46.0),
                box_method="graphcut",
                method="backprop",
                crops=10,
            ),
            scores(
                score("Backprop on AlexNet", five, 56.0), box_method="authors", method="backprop"
            ),
        ],
        ignore_index=True,
    )
    built = build_cells("table3", results, [card("GoogLeNet-GAP"), card("mine")])
    assert cells(built) == {
        ("GoogLeNet-GAP (heuristics)", "top-5"): 35,
        ("GoogLeNet-GAP", "top-5"): 40,
        ("Backprop", "top-5"): 46,
        ("mine (heuristics)", "top-5"): 45,
        ("mine", "top-5"): 50,
    }
    assert list(built["row"]) == [*paper_numbers()["table3"]["rows"], "mine (heuristics)", "mine"]
    assert "googlenet-gap" in built.set_index("row")["note"]["GoogLeNet-GAP (heuristics)"]


def test_two_scores_for_a_cell_are_refused_by_name():
    results = scores(
        score("NIN", "localization top-1", 10.0), score("NIN", "localization top-1", 11.0)
    )
    with pytest.raises(InputError, match="NIN: two scores of localization top-1"):
        build_cells("table2", results, [card("NIN")])


def test_a_study_without_true_boxes_says_so():
    results = scores(score("NIN", "classification top-1", 10.0))
    built = build_cells("table2", results, [card("NIN")])
    assert built.loc[built["row"] == "NIN", "note"].str.contains("none has a true box").all()


def test_box_methods_are_described_with_the_settings_that_the_scores_record():
    results = pd.concat(
        [
            scores(score("NIN", "GT-known", 10.0), threshold=0.25, interpolation="bicubic"),
            scores(score("NIN", "MaxBoxAccV2", 60.0)),  # of many thresholds
            scores(score("NIN", "GT-known", 10.0), box_method="authors", crops=10),
        ]
    )
    sentences = describe_box_methods({"paper", "authors", "graphcut"}, results)
    assert len(sentences) == 2
    assert "bicubic" in sentences[0]
    assert "25 %" in sentences[0]
    assert "10 crops" in sentences[1]
    assert describe_box_methods({"graphcut"}, results) == []


def test_boxes_of_two_thresholds_in_one_table_are_refused():
    results = pd.concat(
        [scores(score(f"net {t}", "GT-known", 10.0), threshold=t) for t in (0.2, 0.3)]
    )
    message = r"net 0.2 \(20 %, bilinear\) and net 0.3 \(30 %, bilinear\) .* rerun localize"
    with pytest.raises(InputError, match=message):
        describe_box_methods({"paper"}, results)


def test_the_chosen_thresholds_are_listed_with_their_errors():
    assert describe_thresholds(NO_SCORES) == ""
    results = scores(
        ("NIN", "threshold chosen", 15.0, math.nan, math.nan, 9),
        score("NIN", "localization top-1 at it", 41.26),
    )
    assert "NIN 15 % (top-1 error 41.3)" in describe_thresholds(results)


def test_an_absent_network_says_why_in_all_its_rows():
    absent = {"AlexNetplus-GAP": "left out", "AlexNet": "train AlexNet failed: no luck"}
    built = build_cells("table2", NO_SCORES, [], absent).set_index("row")["note"]
    assert set(built["AlexNet*-GAP"]) == {"left out"}
    assert set(built["Backprop on AlexNet"]) == {"train AlexNet failed: no luck"}
    assert set(built["NIN"]) == {"not computed: not among this study's networks"}
