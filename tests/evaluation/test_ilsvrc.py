import numpy as np
import pytest

from pipeline_lib.evaluation.ilsvrc import (
    box_is_right,
    classification_error,
    gt_known_error,
    localization_error,
)

TRUE = (0, 0, 10, 10)
HALF = (0, 0, 10, 5)  # overlaps TRUE by exactly one half
LESS = (0, 0, 10, 4)
AWAY = (50, 50, 60, 60)


def localization(classes, boxes, truth, true_boxes, k):
    """One image."""
    found = localization_error(
        np.array([classes]),
        np.array([boxes], float),
        np.array([truth]),
        [np.array(true_boxes, float).reshape(-1, 4)],
        k,
    )
    return found[0]


def test_an_overlap_of_exactly_one_half_is_right():
    assert localization([7], [HALF], 7, [TRUE], 1) == 0
    assert gt_known_error(np.array([HALF]), [np.array([TRUE])])[0] == 0


def test_an_overlap_below_one_half_is_wrong():
    assert localization([7], [LESS], 7, [TRUE], 1) == 1
    assert gt_known_error(np.array([LESS]), [np.array([TRUE])])[0] == 1


@pytest.mark.parametrize("place", [0, 1, 2])
def test_any_one_of_several_true_boxes_suffices(place):
    true_boxes = [AWAY, AWAY, AWAY]
    true_boxes[place] = TRUE
    assert localization([7], [HALF], 7, true_boxes, 1) == 0
    assert gt_known_error(np.array([HALF]), [np.array(true_boxes)])[0] == 0


def test_the_right_box_for_the_wrong_class_is_wrong():
    assert localization([3, 4, 5, 6, 8], [TRUE] * 5, 7, [TRUE], 5) == 1


def test_class_and_box_must_be_right_in_the_same_guess():
    assert localization([3, 7], [TRUE, AWAY], 7, [TRUE], 2) == 1


def test_a_later_guess_counts_for_top_5_but_not_for_top_1():
    classes, boxes = [3, 4, 5, 6, 7], [TRUE] * 5
    assert localization(classes, boxes, 7, [TRUE], 1) == 1
    assert localization(classes, boxes, 7, [TRUE], 4) == 1
    assert localization(classes, boxes, 7, [TRUE], 5) == 0


def test_the_order_of_the_guesses_decides_top_1():
    assert localization([7, 3], [TRUE, TRUE], 7, [TRUE], 1) == 0
    assert localization([3, 7], [TRUE, TRUE], 7, [TRUE], 1) == 1


def test_an_image_without_true_boxes_is_never_right():
    assert localization([7], [TRUE], 7, [], 1) == 1


def test_classification_looks_at_the_first_k_only():
    classes = np.array([[1, 2, 3, 4, 5], [2, 1, 3, 4, 5], [2, 3, 4, 5, 1], [2, 3, 4, 5, 6]])
    truth = np.ones(4, int)
    assert classification_error(classes, truth, 1).tolist() == [0, 1, 1, 1]
    assert classification_error(classes, truth, 2).tolist() == [0, 0, 1, 1]
    assert classification_error(classes, truth, 5).tolist() == [0, 0, 0, 1]


def test_each_box_is_judged_against_its_own_image():
    boxes = np.array([[TRUE, AWAY], [TRUE, AWAY]], float)
    true_boxes = [np.array([TRUE], float), np.array([AWAY, AWAY], float)]
    assert box_is_right(boxes, true_boxes).tolist() == [[True, False], [False, True]]


def half_shared(a, b):
    """Whether inclusive boxes overlap by at least one half, in whole numbers."""
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]) + 1)
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]) + 1)
    areas = [(box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (a, b)]
    return 2 * width * height >= sum(areas) - width * height


def random_boxes(rng, *shape):
    corners = np.sort(rng.integers(0, 5, (*shape, 2, 2)), axis=-2)
    return corners.reshape(*shape, 4)  # inclusive


@pytest.mark.parametrize("k", [1, 3, 5])
def test_random_guesses_agree_with_the_definition_image_by_image(k):
    rng = np.random.default_rng(k)
    n = 400
    classes = np.array([rng.permutation(8)[:5] for _ in range(n)])
    truth = rng.integers(0, 8, n)
    boxes = random_boxes(rng, n, 5)
    true_boxes = [random_boxes(rng, rng.integers(1, 4)) for _ in range(n)]

    expected = []
    for i in range(n):
        least = 1
        for guess in range(k):
            wrong_label = classes[i, guess] != truth[i]
            wrong_box = not any(half_shared(boxes[i, guess], true) for true in true_boxes[i])
            least = min(least, int(wrong_label or wrong_box))
        expected.append(least)

    plus_one = np.array([0, 0, 1, 1])
    found = localization_error(
        classes, boxes + plus_one, truth, [true + plus_one for true in true_boxes], k
    )
    assert found.tolist() == expected
    assert 0 < sum(expected) < n
