import numpy as np
import pandas as pd
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.evaluation.outcomes import centred_outcomes, network_outcomes, wrong
from pipeline_lib.evaluation.scores import (
    SCORE_COLUMNS,
    centred_scores,
    network_scores,
    read_scores,
)
from pipeline_lib.localization.predictions import Predictions

LABELS = ["cat", "dog", "owl", "fox", "bee", "ant"]
TRUE = (10, 10, 50, 50)
AWAY = (60, 60, 90, 90)
CORNERS = ["x0", "y0", "x1", "y1"]


class Study:
    """Images of 100x100 with guesses; the true class's boxes are TRUE (right) or AWAY (wrong)."""

    def __init__(self):
        self.images, self.true_boxes, self.boxes, self.classes, self.truth = [], [], [], [], []

    def add(self, label, classes, *, known=True, tight=None, blacklisted=0, boxes=(TRUE,)):
        name = f"image{len(self.images)}"
        self.images.append((name, f"{name}.jpg", label, 100, 100, blacklisted))
        self.true_boxes += [(name, label, *box) for box in boxes]
        self.classes.append([LABELS.index(guess) for guess in classes])
        self.truth.append(LABELS.index(label) if label else -1)
        for fit, fits in (("loose", known), ("tight", tight))[: 1 if tight is None else 2]:
            if label:
                self.boxes.append((name, 0, fit, *(TRUE if fits else AWAY)))

    def tables(self):
        images = pd.DataFrame(
            self.images, columns=["image_id", "path", "label", "width", "height", "blacklisted"]
        )
        true_boxes = pd.DataFrame(self.true_boxes, columns=["image_id", "label", *CORNERS])
        return images, true_boxes

    def scores(self, box_method="paper", method="cam", crops=1, threshold=0.2):
        n, k = np.shape(self.classes)
        images, true_boxes = self.tables()
        predictions = Predictions(
            image_id=list(images["image_id"]),
            classes=np.array(self.classes, np.int32),
            scores=np.tile(np.linspace(0.5, 0.1, k), (n, 1)).astype(np.float32),
            maps=np.zeros((n, k, 1, 2, 2), np.float32),
            true_class=np.array(self.truth, np.int32),
            true_map=np.zeros((n, 1, 2, 2), np.float32),
            class_labels=LABELS,
            name="net",
            method=method,
            crops=crops,
            size=(28, 28),
            warped=(32, 32),
            network="0",
            images="1",
        )
        boxes = pd.DataFrame(self.boxes, columns=["image_id", "rank", "fit", *CORNERS])
        if box_method != "authors":  # only that method has tight boxes
            boxes = boxes[boxes["fit"] == "loose"]
        settings = {"box_method": box_method, "threshold": threshold, "interpolation": "nearest"}
        self.outcomes = network_outcomes(predictions, boxes, images, true_boxes)
        found = network_scores(self.outcomes, predictions, settings)
        assert set(found["row"]) == {"net"}
        assert set(found["box_method"]) == {box_method}
        assert set(found["method"]) == {method}
        return found.set_index("metric")


def centred(study, fraction):
    return centred_scores(centred_outcomes(*study.tables(), fraction), fraction)


FIVE = ["cat", "dog", "owl", "fox", "bee"]


def test_the_five_errors_in_percent():
    study = Study()
    study.add("cat", FIVE)  # right in every way
    study.add("cat", FIVE, known=False)  # class right, box wrong
    study.add("bee", FIVE)  # the fifth guess is right
    study.add("ant", FIVE)  # not among the five
    found = study.scores()
    assert found["error"].to_dict() == {
        "classification top-1": 50,
        "classification top-5": 25,
        "localization top-1": 75,
        "localization top-5": 50,
        "GT-known": 25,
    }
    assert set(found["n"]) == {4}
    assert (found["low"] <= found["error"]).all()
    assert (found["error"] <= found["high"]).all()
    assert found["high"].max() > 75  # percent, as the error is


@pytest.mark.parametrize("left_out", [{"blacklisted": 1}, {"boxes": ()}])
def test_what_is_left_out_of_localization_still_counts_for_classification(left_out):
    study = Study()
    study.add("cat", FIVE)
    study.add("ant", FIVE, known=False, **left_out)
    study.add("cat", FIVE, known=False)
    found = study.scores()
    assert found["n"].to_dict() == {
        "classification top-1": 3,
        "classification top-5": 3,
        "localization top-1": 2,
        "localization top-5": 2,
        "GT-known": 2,
    }
    assert found.loc["classification top-1", "error"] == pytest.approx(100 / 3)
    assert found.loc["localization top-1", "error"] == 50
    assert found.loc["GT-known", "error"] == 50


def test_unlabelled_images_count_for_nothing():
    study = Study()
    study.add("", FIVE, boxes=())
    study.add("cat", FIVE)
    found = study.scores()
    assert set(found["n"]) == {1}
    assert set(found["error"]) == {0}


def test_without_any_true_box_only_the_classes_are_scored():
    study = Study()
    study.add("cat", FIVE, boxes=())
    study.add("cat", FIVE, blacklisted=1)
    assert list(study.scores().index) == ["classification top-1", "classification top-5"]


def test_without_any_label_there_is_nothing_to_score():
    study = Study()
    study.add("", FIVE, boxes=())
    with pytest.raises(InputError, match="net: no image has a label"):
        study.scores()


def test_fewer_than_five_classes_are_scored_with_all_they_have():
    study = Study()
    study.add("dog", ["cat", "dog"])
    found = study.scores()
    assert found.loc["localization top-1", "error"] == 100
    assert found.loc["localization top-5", "error"] == 0


def test_the_centred_box_is_scored_where_localization_is():
    study = Study()
    study.add("cat", FIVE, boxes=[(12, 12, 88, 88)])  # 76 x 76 of 80 x 80
    study.add("cat", FIVE, boxes=[(0, 0, 20, 20)])
    study.add("cat", FIVE, boxes=[(0, 0, 20, 20), (10, 10, 90, 55)])  # 45 of 80 in height
    study.add("cat", FIVE, boxes=[(10, 10, 90, 45)])  # 35 of 80 in height
    study.add("cat", FIVE, blacklisted=1)
    study.add("cat", FIVE, boxes=())
    (found,) = centred(study, 0.8).itertuples()
    assert found.metric == "GT-known"
    assert found.n == 4
    assert found.error == 50


def test_the_centred_box_of_the_whole_side_is_the_image():
    study = Study()
    study.add("cat", FIVE, boxes=[(0, 0, 100, 50)])  # exactly one half
    study.add("cat", FIVE, boxes=[(0, 0, 100, 49)])
    assert centred(study, 1.0)["error"].tolist() == [50]


def test_the_centred_box_without_boxes_to_meet_has_no_score():
    study = Study()
    study.add("cat", FIVE, boxes=())
    assert centred(study, 0.8).empty


def test_the_authors_box_method_has_the_heuristics_too():
    study = Study()
    study.add("cat", FIVE, known=False, tight=True)  # the tight box of the first class
    study.add("dog", FIVE, known=True, tight=False)
    study.add("owl", FIVE, known=True, tight=False)  # the third class has its loose box alone
    study.add("owl", FIVE, known=False, tight=True)
    study.add("fox", FIVE, known=True, tight=True)  # no box for the fourth
    found = study.scores(box_method="authors")
    assert found.loc["heuristics top-5", "error"] == 40
    assert found.loc["localization top-5", "error"] == 40
    assert "heuristics top-5" not in study.scores(box_method="paper").index


@pytest.mark.parametrize(("method", "crops"), [("cam", 1), ("grad-cam", 10), ("backprop", 10)])
def test_the_scores_say_what_the_maps_are_and_of_how_many_crops(method, crops):
    study = Study()
    study.add("cat", FIVE)
    assert set(study.scores(method=method, crops=crops)["crops"]) == {crops}


def test_scores_without_an_interval_come_back_as_numbers(tmp_path):
    rows = [
        (
            "net",
            "paper",
            "cam",
            1,
            0.3,
            "bicubic",
            np.nan,
            "threshold chosen",
            15.0,
            *2 * [np.nan],
            9,
        ),
        ("net", "authors", "cam", 1, np.nan, "bicubic", np.nan, "GT-known", 40.0, 30.0, 50.0, 9),
        ("Centred box", "centred", "none", 0, np.nan, "", 0.8, "GT-known", 40.0, 30.0, 50.0, 9),
    ]
    write_csv(tmp_path / "scores.csv", pd.DataFrame(rows, columns=list(SCORE_COLUMNS)))
    found = read_scores(tmp_path / "scores.csv")
    assert found["low"].isna().tolist() == [True, False, False]
    assert found["high"].sum() == 100
    assert found["threshold"].sum() == 0.3
    assert found["centred_fraction"].sum() == 0.8
    assert found["interpolation"].tolist() == ["bicubic", "bicubic", ""]


def test_the_scores_say_how_the_boxes_were_made():
    study = Study()
    study.add("cat", FIVE)
    with_threshold = study.scores(threshold=0.35)
    assert set(with_threshold["threshold"]) == {0.35}
    assert set(with_threshold["interpolation"]) == {"nearest"}
    assert with_threshold["centred_fraction"].isna().all()
    assert study.scores(threshold=None)["threshold"].isna().all()
    (box,) = centred(study, 0.8).itertuples()
    assert (box.interpolation, box.centred_fraction) == ("", 0.8)
    assert np.isnan(box.threshold)


def test_outcomes_say_of_each_image_what_its_scores_are_made_of():
    study = Study()
    study.add("cat", FIVE, tight=False)
    study.add("bee", FIVE, known=False, tight=True)
    study.add("ant", FIVE, boxes=(), tight=True)  # localization is not scored on it
    study.add("", FIVE, boxes=())  # no label: it is not scored at all
    scores = study.scores("authors")
    table = study.outcomes.set_index("image_id")
    assert table["true_rank"].to_dict() == {"image0": 1, "image1": 5, "image2": 0}
    assert table["iou"].fillna(-1).to_dict() == {"image0": 1, "image1": 0, "image2": -1}
    assert table["tight_iou"].fillna(-1).to_dict() == {"image0": 0, "image1": 1, "image2": -1}
    assert wrong(study.outcomes, "localization top-1").to_dict() == {
        "image0": False,
        "image1": True,
    }
    for metric, score in scores.iterrows():
        values = wrong(study.outcomes, metric)
        assert (100 * values.mean(), len(values)) == (score["error"], score["n"])


def test_outcomes_decide_no_metric_that_they_do_not_have():
    study = Study()
    study.add("cat", FIVE)
    study.scores()
    with pytest.raises(InputError, match="do not decide 'heuristics top-5'"):
        wrong(study.outcomes, "heuristics top-5")
