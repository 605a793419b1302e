import numpy as np
import pytest

from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting import figure3, figure4
from pipeline_lib.reporting.pictures import guesses, overlay

CLASSES = 7


def random_predictions(seed, n=60, labelled=True):
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.full(CLASSES, 0.4), n)
    classes = np.argsort(-scores, axis=1)[:, :5]
    scores = np.take_along_axis(scores, classes, axis=1)
    guessed_right = rng.random(n) < 0.6
    truth = np.where(guessed_right, classes[:, 0], (classes[:, 0] + 1) % CLASSES)
    return Predictions(
        image_id=[f"image{i}" for i in range(n)],
        classes=classes.astype(np.int32),
        scores=scores.astype(np.float32),
        maps=np.zeros((n, 5, 2, 2), np.float32),
        true_class=(truth if labelled else np.full(n, -1)).astype(np.int32),
        true_map=np.zeros((n, 2, 2), np.float32),
        class_labels=[f"n{i}" for i in range(CLASSES)],
        name="net",
        network="0",
        images="1",
    )


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
    shown = figure4.choose(predictions)  # figure 4 still shows what the network took them for
    assert len(set(predictions.true_class[shown])) == len(shown) > 0


def test_guesses_are_named_in_their_order_by_the_first_synonym():
    names = {"n1": "tench, Tinca tinca", "n3": "goldfish"}
    found = guesses(["n3", "n2", "n1"], np.array([0.5, 0.25, 0.1], np.float32), names)
    assert found == [
        {"class": "n3", "name": "goldfish", "score": 0.5},
        {"class": "n2", "name": "n2", "score": 0.25},
        {"class": "n1", "name": "tench", "score": 0.1},
    ]


def test_the_heat_map_is_red_at_its_maximum_and_blue_where_it_is_cold():
    image = np.full((40, 60, 3), 128, np.uint8)
    class_map = np.array([[-3.0, 0], [0, 5]], np.float32)
    picture = overlay(image, class_map).astype(int)
    assert picture.shape == image.shape
    hot, cold, zero = picture[-1, -1], picture[0, 0], picture[0, -1]
    assert hot[0] > hot[2] + 30
    assert cold[2] >= cold[0]
    assert (cold == zero).all()  # what speaks against the class is as cold as nothing


def test_a_map_without_a_maximum_is_cold_throughout():
    image = np.full((4, 6, 3), 128, np.uint8)
    nothing, negative = overlay(image, np.zeros((2, 2))), overlay(image, -np.ones((2, 2)))
    assert (nothing == negative).all()
    assert (nothing == nothing[0, 0]).all()
