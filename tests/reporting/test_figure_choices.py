"""Which images Figures 3 to 6 show, and what they say of them."""

import numpy as np
import pytest

from pipeline_lib.data.classes import ClassNames
from pipeline_lib.localization.predictions import PIXEL_METHODS, Predictions
from pipeline_lib.reporting.figures import figure3, figure4, figure5, figure6
from pipeline_lib.reporting.figures.pictures import guesses, overlay, shrunk, true_scores
from tests.reporting.random_predictions import CLASSES, boxes_of, random_predictions


def shuffled(predictions, seed):
    order = np.random.default_rng(seed).permutation(len(predictions.image_id))
    arrays = ("classes", "scores", "maps", "true_class", "true_map")
    return Predictions(
        **vars(predictions)
        | {key: getattr(predictions, key)[order] for key in arrays}
        | {"image_id": [predictions.image_id[i] for i in order]}
    )


def names3(predictions):
    return [
        (label, [predictions.image_id[i] for i in indices])
        for label, indices in figure3.choose(predictions)
    ]


def names4(predictions):
    return [predictions.image_id[i] for i in figure4.choose(predictions)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("names", [names3, names4])
def test_the_choice_does_not_depend_on_the_order_of_the_images(seed, names):
    predictions = random_predictions(seed)
    assert names(predictions) == names(shuffled(predictions, seed))


@pytest.mark.parametrize("seed", range(5))
def test_figure_3_shows_four_classes_with_their_most_certain_right_images(seed):
    predictions = random_predictions(seed)
    chosen = figure3.choose(predictions)
    assert len(chosen) == 4
    assert len({label for label, _ in chosen}) == 4
    for label, indices in chosen:
        assert 1 <= len(indices) <= 4
        right = [
            i
            for i in range(len(predictions.image_id))
            if predictions.true_class[i] == label == predictions.classes[i, 0]
        ]
        assert set(indices) <= set(right)
        left_out = [predictions.scores[i, 0] for i in set(right) - set(indices)]
        assert len(indices) == min(4, len(right))
        assert min(predictions.scores[indices, 0]) >= max(left_out, default=0)


def test_figure_3_prefers_classes_with_more_images():
    predictions = random_predictions(0)
    counts = [len(indices) for _, indices in figure3.choose(predictions)]
    right = predictions.true_class[predictions.classes[:, 0] == predictions.true_class]
    available = sorted((min(4, c) for c in np.bincount(right)), reverse=True)
    assert counts == available[:4]


@pytest.mark.parametrize("seed", range(5))
def test_figure_4_shows_right_images_in_which_other_classes_score_most(seed):
    predictions = random_predictions(seed)
    chosen = figure4.choose(predictions)
    best = {}  # of each class: what the others score in its best image, and that image
    for i, truth in enumerate(predictions.true_class.tolist()):
        others = float(predictions.scores[i, 1:].sum())
        if predictions.classes[i, 0] == truth and others > best.get(truth, (-1, None))[0]:
            best[truth] = (others, i)
    assert len(best) >= 3
    assert chosen == [i for _, i in sorted(best.values(), reverse=True)[:3]]


def test_figure_4_shows_a_class_once():
    predictions = random_predictions(0, n=4)
    predictions.true_class[:] = predictions.classes[:, 0] = [1, 1, 2, 1]
    predictions.scores[:] = [
        [0.5, 0.125, 0.125, 0, 0],
        [0.5, 0.25, 0.125, 0, 0],
        [0.5, 0.0625, 0, 0, 0],
        [0.5, 0.25, 0.25, 0, 0],
    ]
    assert figure4.choose(predictions) == [3, 2]
    predictions.classes[3, 0] = 5  # wrong now
    assert figure4.choose(predictions) == [1, 2]


def test_figure_4_of_unlabelled_images_shows_the_first():
    assert figure4.choose(random_predictions(0, labelled=False)) == [0, 1, 2]
    assert figure4.choose(random_predictions(0, n=2, labelled=False)) == [0, 1]


def test_where_nothing_is_right_only_figure_4_has_something_to_show():
    predictions = random_predictions(0)
    predictions.true_class[:] = (predictions.classes[:, 0] + 1) % CLASSES
    assert figure3.choose(predictions) == []
    shown = figure4.choose(predictions)  # figure 4 still shows the predicted classes
    assert len(set(predictions.true_class[shown])) == len(shown) > 0


def test_guesses_are_named_in_their_order_by_the_first_synonym():
    names = ClassNames({"n1": "tench, Tinca tinca", "n3": "goldfish"})
    result = guesses(["n3", "n2", "n1"], np.array([0.5, 0.25, 0.1], np.float32), names)
    assert result == [
        {"class": "n3", "name": "goldfish", "score": 0.5},
        {"class": "n2", "name": "n2", "score": 0.25},
        {"class": "n1", "name": "tench", "score": 0.1},
    ]


def test_the_heat_map_is_red_at_its_maximum_and_blue_where_it_is_cold():
    image = np.full((2, 2, 3), 128, np.uint8)
    picture = overlay(image, np.array([[-3.0, 0], [0, 5]], np.float32)).astype(int)
    assert picture.shape == image.shape
    hot, cold, zero = picture[1, 1], picture[0, 0], picture[0, 1]
    assert hot[0] > hot[2] + 30
    assert cold[2] >= cold[0]
    assert (cold == zero).all()  # negative evidence is as cold as none


def test_a_map_without_a_maximum_is_cold_throughout():
    image = np.full((4, 6, 3), 128, np.uint8)
    nothing, negative = overlay(image, np.zeros((4, 6))), overlay(image, -np.ones((4, 6)))
    assert (nothing == negative).all()
    assert (nothing == nothing[0, 0]).all()


def test_the_true_classs_score_is_zero_where_it_is_no_guess():
    predictions = random_predictions(0)
    predictions.classes[0] = [3, 4, 1, 2, 0]
    predictions.classes[1] = [3, 4, 1, 2, 0]
    predictions.true_class[:3] = [4, 6, -1]
    result = true_scores(predictions)
    assert result[0] == predictions.scores[0, 1]
    assert result[1] == result[2] == 0


@pytest.mark.parametrize("method", PIXEL_METHODS)
@pytest.mark.parametrize("seed", range(3))
def test_figure_5_shows_what_most_networks_are_right_about_once_a_class(seed, method):
    first = random_predictions(seed)
    others = [random_predictions(seed + 10 * i, true_class=first.true_class) for i in (1, 2)]
    networks = [first, *others]
    gradient = random_predictions(99, true_class=first.true_class, method=method)
    chosen = figure5.choose([*networks, gradient])
    assert chosen == figure5.choose(networks)  # the gradient does not count
    best = {}
    for i, truth in enumerate(first.true_class.tolist()):
        right = sum(int(net.classes[i, 0]) == truth for net in networks)
        score = sum(
            float(s)
            for net in networks
            for c, s in zip(net.classes[i], net.scores[i], strict=True)
            if c == truth
        )
        best[truth] = max(best.get(truth, (-1, -1, -1)), (right, score, -i))
    assert chosen == [-i for *_, i in sorted(best.values(), reverse=True)[:4]]


@pytest.mark.parametrize("seed", range(3))
def test_figure_6_takes_a_class_after_the_other_by_score(seed):
    predictions = random_predictions(seed)
    images, true_boxes = boxes_of(predictions, several=range(10, 20))
    chosen = list(figure6.choose(predictions, images, true_boxes))
    allowed = [
        i
        for i in range(60)
        if predictions.classes[i, 0] == predictions.true_class[i]
        and i not in (0, 1)
        and i not in range(10, 20)
    ]
    assert len(chosen) == min(12, len(allowed))
    left = sorted(allowed, key=lambda i: -predictions.scores[i, 0])
    expected = []
    while len(expected) < len(chosen):  # round by round, the best of every class that is left
        seen = set()
        for i in list(left):
            if predictions.true_class[i] not in seen:
                seen.add(predictions.true_class[i])
                expected.append(i)
                left.remove(i)
    assert chosen == expected[: len(chosen)]


def test_a_picture_is_shrunk_to_the_mean_of_its_pixels_if_it_is_larger_than_a_panel():
    coarse = np.random.default_rng(0).integers(0, 256, (5, 8, 3), dtype=np.uint8)
    picture = coarse.repeat(3, axis=0).repeat(3, axis=1)
    assert shrunk(picture, 24) is picture
    np.testing.assert_array_equal(shrunk(picture, 8), coarse)
    np.testing.assert_array_equal(shrunk(picture[:, :15], 5), coarse[:, :5])
    assert shrunk(np.zeros((1, 3000, 3), np.uint8), 100).shape == (1, 100, 3)
