"""The section about errors: its numbers, its rule for pictures, and odd names."""

import numpy as np
import pytest
from PIL import Image

from pipeline_lib.data.classes import ClassNames
from pipeline_lib.evaluation.box_errors import FAILURES, RIGHT, diagnose, failure_counts
from pipeline_lib.evaluation.outcomes import network_outcomes
from pipeline_lib.localization.extraction import extract_boxes
from pipeline_lib.reporting.page import errors, errors_data
from tests.reporting.page.markup import ODD, checked
from tests.reporting.random_predictions import boxes_of, random_predictions


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A diagnosis and its data: class n1, the network and one image have odd names."""
    folder = tmp_path_factory.mktemp("images")
    predictions = random_predictions(3)
    images, true_boxes = boxes_of(predictions, several=(4, 5))
    boxes = extract_boxes(predictions, images, "paper", threshold=0.2, interpolation="bilinear")
    outcomes = network_outcomes(predictions, boxes, images, true_boxes)
    tables = [outcomes, boxes, images.assign(view="stored"), true_boxes]
    tables = [table.replace({"image_id": {"image02": ODD}}) for table in tables]
    rng = np.random.default_rng(0)
    for path in images["path"]:
        Image.fromarray(rng.integers(0, 255, (40, 48, 3), np.uint8)).save(folder / path)
    diagnosed = diagnose(*tables)
    names = ClassNames(n1=ODD, n2="tench, Tinca tinca")
    data = errors_data.errors_data(diagnosed, tables[2], tables[3], names, folder, ODD)
    return diagnosed, data


def test_counts_of_all_tables_sum_to_the_images(study):
    diagnosed, data = study
    n = len(diagnosed)
    assert {f["name"]: f["count"] for f in data["failures"]} == failure_counts(diagnosed)
    assert sum(f["count"] for f in data["failures"]) == data["n"] == n
    assert sum(row["class_right"] + row["class_wrong"] for row in data["cross"]) == n
    assert sum(size["n"] for size in data["sizes"]) == n
    assert sum(row["n"] for row in data["classes"]) == n


def test_rates_of_a_class_are_in_percent(study):
    diagnosed, data = study
    for row in data["classes"]:
        of_class = diagnosed[diagnosed["label"] == row["label"]]
        assert row["gt_known"][0] == pytest.approx(100 * (of_class["iou"] >= 0.5).mean(), abs=0.01)
        assert 0 <= row["gt_known"][1] <= row["gt_known"][0] <= row["gt_known"][2] <= 100


def test_pictures_go_from_the_lowest_to_the_highest_iou_of_their_kind(study, monkeypatch):
    diagnosed, data = study
    for failure in data["failures"]:
        of_kind = diagnosed[diagnosed["failure"] == failure["name"]]
        ious = [picture["iou"] for picture in failure["pictures"]]
        if failure["name"] == RIGHT:
            assert ious == []
            continue
        assert len(ious) == min(len(of_kind), errors_data.SHOWN)
        assert ious == sorted(ious)
        if ious:
            ends = (of_kind["iou"].min(), of_kind["iou"].max())
            assert (ious[0], ious[-1]) == pytest.approx(ends, abs=0.001)


def test_the_section_says_each_count_and_shows_odd_names_as_text(study):
    _, data = study
    text = str(errors.section(data))
    markup = checked(text)
    assert markup.text.count(ODD) >= 3  # network, class, caption
    assert {f"errors/{name.replace(' ', '.')}" for name in FAILURES} & set(markup.ids)
    shown = sum(len(failure["pictures"]) for failure in data["failures"])
    assert markup.tags.count("image") == len(markup.sources) == shown > 5
    rows = [entry for entry in markup.ids if entry.startswith("errors/class/")]
    assert len(rows) == len(data["classes"])
    for failure in data["failures"]:
        assert failure["rule"] in markup.text
    assert len(text.encode()) < 600_000


def test_a_bin_or_a_kind_without_an_image_is_shown_as_such(study):
    _, data = study
    empty = [size for size in data["sizes"] if not size["n"]]
    assert empty  # all objects have the same size
    assert checked(str(errors.section(data))).text.count("no image") == len(empty)


def test_where_all_images_are_right_there_are_no_pictures(study):
    diagnosed, data = study
    failures = [
        failure | {"count": len(diagnosed) if failure["name"] == RIGHT else 0, "pictures": []}
        for failure in data["failures"]
    ]
    text = str(errors.section(data | {"failures": failures}))
    assert "<image" not in text
    assert "Too small:" not in text
