import numpy as np
import pytest

from pipeline_lib.evaluation.ilsvrc import (
    NOT_GUESSED,
    best_overlap,
    box_is_right,
    classification_error,
    heuristics_error,
    localization_errors,
    true_rank,
)
from pipeline_lib.evaluation.iou import iou

TRUE = (0, 0, 10, 10)
HALF = (0, 0, 10, 5)  # overlaps TRUE by exactly one half
LESS = (0, 0, 10, 4)
AWAY = (50, 50, 60, 60)


def right(box, *true_boxes):
    """One image."""
    found = box_is_right(np.array([box], float), [np.array(true_boxes, float).reshape(-1, 4)])
    return bool(found[0])


def test_an_overlap_of_exactly_one_half_is_right_and_less_is_wrong():
    assert right(HALF, TRUE)
    assert not right(LESS, TRUE)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_any_one_of_several_true_boxes_suffices(place):
    true_boxes = [AWAY, AWAY, AWAY]
    true_boxes[place] = TRUE
    assert right(HALF, *true_boxes)


def test_an_image_without_true_boxes_is_never_right():
    assert not right(TRUE)


def test_each_box_is_judged_against_its_own_image():
    boxes = np.array([TRUE, TRUE, AWAY], float)
    true_boxes = [np.array(b, float) for b in ([TRUE], [AWAY, AWAY], [TRUE, AWAY])]
    assert box_is_right(boxes, true_boxes).tolist() == [True, False, True]


def test_the_best_overlap_is_that_of_the_best_true_box():
    found = best_overlap(np.array([TRUE, LESS, AWAY], float), np.array([HALF, TRUE], float))
    assert found.tolist() == [1, 0.8, 0]


def test_the_rank_of_the_true_class_counts_from_one():
    classes = np.array([[1, 2, 3], [2, 1, 3], [2, 3, 1], [2, 3, 4]])
    assert true_rank(classes, np.ones(4, int)).tolist() == [1, 2, 3, NOT_GUESSED]
    assert true_rank(classes, np.full(4, -1)).tolist() == [NOT_GUESSED] * 4


def test_classification_looks_at_the_first_k_only():
    rank = np.array([1, 2, 5, NOT_GUESSED])
    assert classification_error(rank, 1).tolist() == [False, True, True, True]
    assert classification_error(rank, 2).tolist() == [False, False, True, True]
    assert classification_error(rank, 5).tolist() == [False, False, False, True]


def half_shared(a, b):
    """Whether inclusive boxes overlap by at least one half, in whole numbers."""
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]) + 1)
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]) + 1)
    areas = [(box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (a, b)]
    return 2 * width * height >= sum(areas) - width * height


def challenge_error(guesses, truth, true_boxes):
    """The challenge's definition: the minimum over the guesses, (class, inclusive box), of wrong."""
    error = 1
    for label, box in guesses:
        wrong_box = not any(half_shared(box, true) for true in true_boxes)
        error = min(error, int(label != truth or wrong_box))
    return error


class World:
    """Random images whose classes each have a loose and a tight box, inclusive."""

    def __init__(self, seed, n=400, classes=8):
        rng = np.random.default_rng(seed)
        self.guessed = np.array([rng.permutation(classes)[:5] for _ in range(n)])
        self.truth = rng.integers(0, classes, n)
        self.loose, self.tight = (self.boxes(rng, n, classes) for _ in range(2))
        self.true = [self.boxes(rng, rng.integers(1, 4)) for _ in range(n)]

    @staticmethod
    def boxes(rng, *shape):
        corners = np.sort(rng.integers(0, 5, (*shape, 2, 2)), axis=-2)
        return corners.reshape(*shape, 4)

    def right(self, boxes):
        """What the package makes of the true class's boxes, in its own convention."""
        plus_one = np.array([0, 0, 1, 1])
        known = boxes[np.arange(len(self.truth)), self.truth]
        return box_is_right(known + plus_one, [true + plus_one for true in self.true])

    def expected(self, guesses_of):
        """The challenge's outcomes; ``guesses_of(i, classes)`` are image i's (class, box)."""
        return [
            bool(challenge_error(guesses_of(i, self.guessed[i]), self.truth[i], self.true[i]))
            for i in range(len(self.truth))
        ]


@pytest.mark.parametrize(("k", "metric"), [(1, "localization top-1"), (5, "localization top-5")])
def test_the_true_classs_box_and_rank_decide_what_all_guesses_boxes_do(k, metric):
    world = World(k)
    expected = world.expected(lambda i, classes: [(c, world.loose[i, c]) for c in classes[:k]])
    rank = true_rank(world.guessed, world.truth)
    assert localization_errors(rank, world.right(world.loose))[metric].tolist() == expected
    assert 0 < sum(expected) < len(expected)


def test_gt_known_asks_for_the_box_alone():
    world = World(2)
    expected = world.expected(lambda i, _: [(world.truth[i], world.loose[i, world.truth[i]])])
    rank = np.full(len(world.truth), NOT_GUESSED)
    assert localization_errors(rank, world.right(world.loose))["GT-known"].tolist() == expected


@pytest.mark.parametrize("seed", range(3))
def test_the_heuristics_are_five_guesses_of_three_classes(seed):
    world = World(seed)

    def guesses(i, classes):
        loose, tight = world.loose[i], world.tight[i]
        first, second, third = classes[:3]
        return [
            (first, loose[first]),
            (first, tight[first]),
            (second, loose[second]),
            (second, tight[second]),
            (third, loose[third]),
        ]

    expected = world.expected(guesses)
    rank = true_rank(world.guessed, world.truth)
    found = heuristics_error(rank, world.right(world.loose), world.right(world.tight))
    assert found.tolist() == expected
    assert 0 < sum(expected) < len(expected)


def test_outcomes_of_many_thresholds_are_those_of_each():
    world = World(5, n=60)
    rank = true_rank(world.guessed, world.truth)
    right = np.random.default_rng(0).random((60, 7)) < 0.5
    together = localization_errors(rank[:, None], right)
    for column in range(7):
        for metric, outcomes in localization_errors(rank, right[:, column]).items():
            assert (together[metric][:, column] == outcomes).all()


def test_inclusive_halves_are_the_half_open_ious():
    """The brute force above and the package's IoU mean the same boxes."""
    rng = np.random.default_rng(0)
    a, b = World.boxes(rng, 200), World.boxes(rng, 200)
    plus_one = np.array([0, 0, 1, 1])
    overlaps = np.diagonal(iou(a + plus_one, b + plus_one))
    assert [half_shared(*pair) for pair in zip(a, b, strict=True)] == (overlaps >= 0.5).tolist()
