"""The table of map methods on planted scores."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.evaluation.scores import SCORE_COLUMNS, ScoreKey
from pipeline_lib.reporting.tables.maps import Measured, build_cells, higher_is_better, published

METHODS = {"cam": [0, 0, 1, 1], "layer-cam": [0, 1, 1, 1], "backprop": [1, 1, 1, 1]}


@pytest.fixture
def rows(tmp_path):
    """GT-known of four images by each method, with the tables by image behind them."""
    rows = []
    for method, wrong in METHODS.items():
        error = 100 * np.mean(wrong)
        key = ScoreKey("net", "paper", method, 1, 0.2, "bilinear")
        scores = pd.DataFrame(
            [(*key, "GT-known", error, error - 5, error + 5, 4)], columns=list(SCORE_COLUMNS)
        )
        path = tmp_path / f"{method}.csv"
        by_image = pd.DataFrame({"image_id": list("abcd"), "GT-known": wrong})
        by_image.to_csv(tmp_path / f"{method}.images.csv", index=False)
        rows.append(Measured("net", method, scores, path))
    return rows


def test_a_row_is_a_network_and_a_method_and_differences_are_from_the_first(rows):
    cells = build_cells(rows).set_index(["row", "metric"])
    for method, wrong in METHODS.items():
        assert cells.loc[(f"net, {method}", "GT-known"), "ours"] == 100 * np.mean(wrong)
    column = "GT-known, minus the first"
    assert np.isnan(cells.loc[("net, cam", column), "ours"])
    assert cells.loc[("net, layer-cam", column), "ours"] == 25
    assert cells.loc[("net, backprop", column), "ours"] == 50
    assert cells.loc[("net, backprop", column), "n"] == 4


def test_others_numbers_stand_in_rows_of_their_own_without_ours(rows):
    cells = build_cells(rows).set_index(["row", "metric"])
    assert cells.loc[("VGG16, cam", "MaxBoxAccV2"), "paper"] == 60.0
    theirs = cells.loc[list(published()["rows"])]
    assert theirs["ours"].isna().all()
    assert set(theirs["note"]) == {"published, not of this study"}


def test_birds_have_rows_of_their_own_beside_what_was_published_of_them(rows):
    birds = rows[1]._replace(method="cam", images="birds")
    centre = birds._replace(network="Gaussian in the centre", method="none")
    cells = build_cells([*rows, birds, centre]).set_index(["row", "metric"])
    assert cells.loc[("net, cam, birds", "GT-known"), "ours"] == 75
    assert np.isnan(cells.loc[("net, cam, birds", "GT-known, minus the first"), "ours"])
    assert cells.loc[("net, layer-cam", "GT-known, minus the first"), "ours"] == 25
    assert cells.loc[("Gaussian in the centre, birds", "MaxBoxAccV2"), "paper"] == 59.7
    assert cells.loc[("VGG16, cam, birds", "MaxBoxAccV2"), "paper"] == 63.7


def test_openimages_has_rows_of_its_own_and_no_boxes(rows):
    openimages = rows[0]._replace(images="OpenImages30k", scores=rows[0].scores[:0])
    cells = build_cells([*rows, openimages]).set_index(["row", "metric"])
    assert (
        cells.loc[("net, cam, OpenImages30k", "GT-known"), "note"] == "OpenImages30k has no boxes"
    )
    assert cells.loc[("VGG16, cam, OpenImages30k", "PxAP"), "paper"] == 58.3


def test_what_names_no_class_says_so(rows):
    few = rows[1]._replace(method="few-shot")
    cells = build_cells([*rows, few]).set_index(["row", "metric"])
    assert cells.loc[("net, few-shot", "top-1"), "note"] == "names no class: no top-1 and top-5"


def test_images_without_masks_are_said_to_have_none(rows):
    cells = build_cells(rows).set_index(["row", "metric"])
    assert cells.loc[("net, cam", "PxAP"), "note"] == "PxAP: the images have no masks"


def test_errors_are_better_low_and_accuracies_high():
    directions = [higher_is_better(each) for each in ("top-1", "PxAP", "GT-known, minus the first")]
    assert directions == [False, True, None]
