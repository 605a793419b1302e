"""Box outcomes: closed forms, their definition counted pixel by pixel, and sums over images."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.common.errors import InputError
from pipeline_lib.evaluation.box_errors import (
    BOX_OUTCOMES,
    BOX_RULES,
    DIAGNOSIS_COLUMNS,
    ELSEWHERE,
    FAILURES,
    GT_KNOWN,
    RIGHT,
    SEVERAL,
    SIZE_EDGES,
    TOO_LARGE,
    TOO_SMALL,
    TOP_1_CLASS,
    TOP_1_LOC,
    WRONG_CLASS,
    accuracies,
    box_outcome,
    by_size,
    cross_counts,
    diagnose,
    failure_counts,
    most_frequent_failure,
    object_fraction,
)
from pipeline_lib.evaluation.outcomes import network_outcomes, wrong
from pipeline_lib.localization.extraction import extract_boxes
from tests.reporting.random_predictions import boxes_of, random_predictions

SIDE = 12


@pytest.mark.parametrize(
    ("box", "true_boxes", "outcome"),
    [
        ((0, 0, 10, 10), [(0, 0, 10, 20)], RIGHT),  # an IoU of exactly 0.5
        ((0, 0, 10, 9), [(0, 0, 10, 20)], TOO_SMALL),
        ((0, 0, 10, 20), [(0, 0, 10, 9)], TOO_LARGE),
        ((0, 0, 10, 10), [(5, 0, 25, 10)], TOO_SMALL),  # just half of the box is inside
        ((0, 0, 10, 10), [(6, 0, 26, 10)], ELSEWHERE),
        ((0, 0, 20, 10), [(15, 0, 25, 10)], TOO_LARGE),  # just half of the object is held
        ((0, 0, 20, 10), [(16, 0, 26, 10)], ELSEWHERE),
        ((0, 0, 4, 4), [(8, 8, 12, 12)], ELSEWHERE),
        ((0, 0, 10, 10), [(4, 0, 14, 10)], TOO_SMALL),  # 0.6 of both: a tie
        ((0, 0, 10, 10), [(4, 0, 13, 10)], TOO_LARGE),  # 0.6 and 0.67: the box is the larger one
        ((0, 0, 10, 10), [(4, 0, 15, 10)], TOO_SMALL),
        ((0, 0, 20, 20), [(0, 0, 5, 5), (10, 10, 15, 15)], SEVERAL),  # holds both
        ((4, 0, 16, 10), [(0, 0, 8, 10), (12, 0, 20, 10)], SEVERAL),  # half of each
        ((5, 0, 15, 10), [(0, 0, 9, 10), (11, 0, 20, 10)], SEVERAL),  # IoU 0.5 with that around
        ((6, 0, 15, 10), [(0, 0, 9, 10), (11, 0, 20, 10)], ELSEWHERE),
        ((0, 0, 20, 20), [(0, 0, 5, 5), (18, 18, 40, 40)], TOO_LARGE),  # most of one alone
        ((4, 4, 8, 8), [(0, 0, 20, 20), (1, 1, 21, 21)], TOO_SMALL),  # within two, it holds neither
        ((3, 3, 3, 9), [(0, 0, 10, 10)], ELSEWHERE),  # an empty box
    ],
)
def test_outcomes_in_closed_form(box, true_boxes, outcome):
    assert box_outcome(np.array(box, float), np.array(true_boxes, float)) == outcome


def painted(box):
    mask = np.zeros((SIDE, SIDE), bool)
    x0, y0, x1, y1 = box
    mask[y0:y1, x0:x1] = True
    return mask


def outcomes_by_pixels(box, true_boxes):
    """All outcomes whose own rule holds, without an order: counted pixel by pixel."""
    own, others = painted(box), [painted(true) for true in true_boxes]
    ious = [(own & other).sum() / (own | other).sum() for other in others]
    inside = max((own & other).sum() / own.sum() for other in others)
    held = [(own & other).sum() / other.sum() for other in others]
    touched = [true for true, other in zip(true_boxes, others, strict=True) if (own & other).any()]
    low, high = np.min(touched or [box], axis=0)[:2], np.max(touched or [box], axis=0)[2:]
    around = painted((*low, *high))
    around_iou = (own & around).sum() / (own | around).sum() if len(touched) > 1 else 0
    right = max(ious) >= 0.5
    several = not right and (sum(h >= 0.5 for h in held) >= 2 or around_iou >= 0.5)
    rest = not right and not several
    small, large = inside >= 0.5, max(held) >= 0.5
    return {
        name
        for name, holds in {
            RIGHT: right,
            SEVERAL: several,
            TOO_SMALL: rest and small and not (large and max(held) > inside),
            TOO_LARGE: rest and large and not (small and inside >= max(held)),
            ELSEWHERE: rest and not small and not large,
        }.items()
        if holds
    }


@st.composite
def whole_boxes(draw):
    x0, y0 = draw(st.integers(0, SIDE - 1)), draw(st.integers(0, SIDE - 1))
    return (x0, y0, draw(st.integers(x0 + 1, SIDE)), draw(st.integers(y0 + 1, SIDE)))


@given(whole_boxes(), st.lists(whole_boxes(), min_size=1, max_size=4))
def test_exactly_one_outcome_holds_and_it_is_the_one_counted_by_pixels(box, true_boxes):
    outcome = box_outcome(np.array(box, float), np.array(true_boxes, float))
    assert outcomes_by_pixels(box, true_boxes) == {outcome}


def test_an_image_without_a_true_box_has_no_outcome():
    with pytest.raises(ValueError, match="without a true box"):
        box_outcome(np.array([0, 0, 1, 1.0]), np.empty((0, 4)))


def test_every_outcome_is_explained():
    assert set(BOX_RULES) == set(BOX_OUTCOMES) == set(FAILURES) - {WRONG_CLASS}


def test_object_size_is_that_of_the_largest_true_box():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 20, 10.0]])
    assert object_fraction(boxes, 40, 20) == pytest.approx(0.25)
    assert object_fraction(np.array([[0, 0, 50, 50.0]]), 40, 20) == 1


@pytest.fixture
def tables():
    """Outcomes, boxes, manifest and true boxes of random predictions; image 1 is blacklisted."""
    predictions = random_predictions(3)
    images, true_boxes = boxes_of(predictions, several=(4, 5))
    boxes = extract_boxes(predictions, images, "paper", threshold=0.2, interpolation="bilinear")
    return network_outcomes(predictions, boxes, images, true_boxes), boxes, images, true_boxes


def test_failures_and_outcomes_are_disjoint_and_sum_to_the_scored_images(tables):
    outcomes, *rest = tables
    found = diagnose(outcomes, *rest)
    assert tuple(found) == DIAGNOSIS_COLUMNS
    assert len(found) == outcomes["iou"].notna().sum() == 58
    assert sum(failure_counts(found).values()) == cross_counts(found).to_numpy().sum() == 58
    expected = {WRONG_CLASS: (outcomes[outcomes["iou"].notna()]["true_rank"] != 1).sum()}
    assert failure_counts(found)[WRONG_CLASS] == expected[WRONG_CLASS] > 0
    right_class = found[found["true_rank"] == 1]
    assert (right_class["failure"] == right_class["box_outcome"]).all()


def test_accuracies_are_one_minus_the_errors_of_the_tables(tables):
    outcomes, *rest = tables
    found = accuracies(diagnose(outcomes, *rest))
    for name, metric in ((TOP_1_LOC, "localization top-1"), (GT_KNOWN, "GT-known")):
        value, low, high = found[name]
        assert value == pytest.approx(1 - wrong(outcomes, metric).mean())
        assert low <= value <= high
    scored = outcomes[outcomes["iou"].notna()]
    assert found[TOP_1_CLASS][0] == pytest.approx((scored["true_rank"] == 1).mean())


def test_each_image_is_in_one_bin_of_size():
    fractions = [0.0, 0.049, 0.05, 0.1, 0.3999, 0.4, 1.0]
    bins = by_size(pd.DataFrame({"object_fraction": fractions}))
    assert [(low, high) for low, high, _ in bins] == list(pairwise(SIZE_EDGES))
    assert [part["object_fraction"].tolist() for _, _, part in bins] == [
        *([0.0, 0.049], [0.05], [0.1], [0.3999], [0.4, 1.0])
    ]


def test_the_most_frequent_failure_leaves_out_right_images():
    def of(*failures):
        return most_frequent_failure(pd.DataFrame({"failure": failures}))

    assert of(RIGHT, RIGHT, RIGHT, TOO_SMALL, ELSEWHERE, ELSEWHERE) == (ELSEWHERE, 2)
    assert of(RIGHT, TOO_LARGE, WRONG_CLASS) == (WRONG_CLASS, 1)
    assert of(RIGHT) == ("", 0)


def test_tables_that_do_not_belong_together_are_refused(tables):
    outcomes, boxes, images, true_boxes = tables
    with pytest.raises(InputError, match="IoU of its box is not that of the outcomes"):
        diagnose(outcomes, boxes.assign(x0=0, y0=0, x1=1, y1=1), images, true_boxes)
    with pytest.raises(InputError, match="the boxes lack the image image02"):
        diagnose(outcomes, boxes[boxes["image_id"] != "image02"], images, true_boxes)
    with pytest.raises(InputError, match="scored on no image"):
        diagnose(outcomes.assign(iou=np.nan), boxes, images, true_boxes)
