import numpy as np
import pandas as pd
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.evaluation.scores import score_centred_box, score_network
from pipeline_lib.localization.predictions import Predictions

LABELS = ["cat", "dog", "owl", "fox", "bee", "ant"]
TRUE = (10, 10, 50, 50)
AWAY = (60, 60, 90, 90)
CORNERS = ["x0", "y0", "x1", "y1"]


class Study:
    """Images of 100x100 with guesses; the boxes of a guess are TRUE (right) or AWAY (wrong)."""

    def __init__(self):
        self.images, self.true_boxes, self.drawn, self.classes, self.truth = [], [], [], [], []

    def add(self, label, classes, right, *, known=True, blacklisted=0, boxes=(TRUE,)):
        name = f"image{len(self.images)}"
        self.images.append((name, f"{name}.jpg", label, 100, 100, blacklisted))
        self.true_boxes += [(name, label, *box) for box in boxes]
        self.classes.append([LABELS.index(guess) for guess in classes])
        self.truth.append(LABELS.index(label) if label else -1)
        for rank, (guess, fits) in enumerate(zip(classes, right, strict=True), start=1):
            self.drawn.append((name, rank, guess, *(TRUE if fits else AWAY)))
        if label:
            self.drawn.append((name, 0, label, *(TRUE if known else AWAY)))

    def tables(self):
        images = pd.DataFrame(
            self.images, columns=["image_id", "path", "label", "width", "height", "blacklisted"]
        )
        true_boxes = pd.DataFrame(self.true_boxes, columns=["image_id", "label", *CORNERS])
        return images, true_boxes

    def scores(self):
        n, k = np.shape(self.classes)
        images, true_boxes = self.tables()
        predictions = Predictions(
            image_id=list(images["image_id"]),
            classes=np.array(self.classes, np.int32),
            scores=np.tile(np.linspace(0.5, 0.1, k), (n, 1)).astype(np.float32),
            maps=np.zeros((n, k, 2, 2), np.float32),
            true_class=np.array(self.truth, np.int32),
            true_map=np.zeros((n, 2, 2), np.float32),
            class_labels=LABELS,
            name="net",
            network="0",
            images="1",
        )
        drawn = pd.DataFrame(self.drawn, columns=["image_id", "rank", "class", *CORNERS])
        found = score_network(predictions, drawn, images, true_boxes)
        assert set(found["row"]) == {"net"}
        return found.set_index("metric")


FIVE = ["cat", "dog", "owl", "fox", "bee"]
ALL, NONE = [True] * 5, [False] * 5


def test_the_five_errors_in_percent():
    study = Study()
    study.add("cat", FIVE, ALL)  # right in every way
    study.add("cat", FIVE, NONE)  # class right, box wrong
    study.add("bee", FIVE, ALL)  # the fifth guess is right
    study.add("ant", FIVE, ALL, known=False)  # not among the five
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
def test_what_has_no_say_in_localization_still_counts_for_classification(left_out):
    study = Study()
    study.add("cat", FIVE, ALL)
    study.add("ant", FIVE, NONE, known=False, **left_out)
    study.add("cat", FIVE, NONE, known=False)
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
    study.add("", FIVE, NONE, boxes=())
    study.add("cat", FIVE, ALL)
    found = study.scores()
    assert set(found["n"]) == {1}
    assert set(found["error"]) == {0}


def test_without_any_true_box_only_the_classes_are_scored():
    study = Study()
    study.add("cat", FIVE, ALL, boxes=())
    study.add("cat", FIVE, ALL, blacklisted=1)
    assert list(study.scores().index) == ["classification top-1", "classification top-5"]


def test_without_any_label_there_is_nothing_to_score():
    study = Study()
    study.add("", FIVE, NONE, boxes=())
    with pytest.raises(InputError, match="net: no image has a label"):
        study.scores()


def test_fewer_than_five_classes_are_scored_with_all_they_have():
    study = Study()
    study.add("dog", ["cat", "dog"], [True, True])
    found = study.scores()
    assert found.loc["localization top-1", "error"] == 100
    assert found.loc["localization top-5", "error"] == 0


def test_the_centred_box_is_scored_where_localization_is():
    study = Study()
    study.add("cat", FIVE, ALL, boxes=[(12, 12, 88, 88)])  # 76 x 76 of 80 x 80
    study.add("cat", FIVE, ALL, boxes=[(0, 0, 20, 20)])
    study.add("cat", FIVE, ALL, boxes=[(0, 0, 20, 20), (10, 10, 90, 55)])  # 45 of 80 in height
    study.add("cat", FIVE, ALL, boxes=[(10, 10, 90, 45)])  # 35 of 80 in height
    study.add("cat", FIVE, ALL, blacklisted=1)
    study.add("cat", FIVE, ALL, boxes=())
    (found,) = score_centred_box(*study.tables(), 0.8).itertuples()
    assert found.metric == "GT-known"
    assert found.n == 4
    assert found.error == 50


def test_the_centred_box_of_the_whole_side_is_the_image():
    study = Study()
    study.add("cat", FIVE, ALL, boxes=[(0, 0, 100, 50)])  # exactly one half
    study.add("cat", FIVE, ALL, boxes=[(0, 0, 100, 49)])
    assert score_centred_box(*study.tables(), 1.0)["error"].tolist() == [50]


def test_the_centred_box_without_boxes_to_meet_has_no_score():
    study = Study()
    study.add("cat", FIVE, ALL, boxes=())
    assert score_centred_box(*study.tables(), 0.8).empty
