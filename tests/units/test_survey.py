"""The survey against sorting everything by hand; the selection of classes and units; the cap."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.classes import ClassNames, classes_by_name
from pipeline_lib.data.loader import WarpedImages, normalised
from pipeline_lib.networks.card import Preprocessing
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.units.selection import best_classes, top_units
from pipeline_lib.units.survey import Survey, survey_units
from pipeline_lib.units.unit_maps import UnitMaps
from tests.stored import stored

PREPROCESSING = Preprocessing((20, 24))
CPU = torch.device("cpu")


def network_of(last):
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 6, 3, stride=2), last, nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    classifier = nn.Sequential(*layers, nn.Linear(6, 4)).eval()
    with torch.no_grad():
        classifier[0].weight *= 20
    return UnitMaps(ClassMapNetwork(classifier, PREPROCESSING.size, "net"))


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for index in range(13):
        pixels = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
    (tmp_path / "12.png").write_bytes((tmp_path / "3.png").read_bytes())  # a tie
    return tmp_path


PATHS = [f"{index}.png" for index in range(13)]
TRUTH = np.array([0, 1, 2, 3, -1, 0, 1, 2, 3, 0, 0, 1, 3])


@pytest.mark.parametrize("batch", [1, 4, 13])
@torch.inference_mode()
def test_the_strongest_are_those_of_sorting_all(folder, batch):
    network = network_of(nn.ReLU())
    survey = survey_units(
        network,
        PREPROCESSING,
        stored(folder, PATHS),
        TRUTH,
        top=5,
        batch=batch,
        workers=0,
        device=CPU,
    )
    pixels = torch.stack([*WarpedImages(stored(folder, PATHS), PREPROCESSING.size)])
    maps, logits = network(normalised(pixels, PREPROCESSING.mean, PREPROCESSING.std, CPU))
    peaks = maps.flatten(2).amax(2).numpy()
    order = np.argsort(-peaks, axis=0, kind="stable")[:5].T
    np.testing.assert_array_equal(survey.images, order)
    np.testing.assert_allclose(survey.activations, np.take_along_axis(peaks.T, order, 1), rtol=1e-5)
    for unit, image in np.ndindex(order.shape):
        y, x = survey.positions[unit, image]
        assert maps[order[unit, image], unit, y, x] == maps[order[unit, image], unit].max()
    predicted, known = logits.argmax(1).numpy(), TRUTH >= 0
    np.testing.assert_array_equal(survey.class_images, np.bincount(TRUTH[known], minlength=4))
    np.testing.assert_array_equal(survey.predicted, np.bincount(predicted[known], minlength=4))
    correct = np.bincount(TRUTH[known & (predicted == TRUTH)], minlength=4)
    np.testing.assert_array_equal(survey.correct, correct)
    score = logits.softmax(1).numpy()[np.arange(13), TRUTH] * known
    expected = np.bincount(TRUTH[known], weights=score[known], minlength=4)
    np.testing.assert_allclose(survey.score_sum, expected, rtol=1e-5)


def test_what_is_kept_does_not_grow_with_the_images(folder):
    sizes = []
    for paths in (PATHS[:6], PATHS * 20):
        survey = survey_units(
            network_of(nn.ReLU()), PREPROCESSING, stored(folder, paths), np.zeros(len(paths), int),
            top=5, batch=8, workers=0, device=CPU,
        )  # fmt: skip
        sizes.append(sum(array.nbytes for array in vars(survey).values()))
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("cap", [nn.ReLU6(inplace=True), nn.ReLU6(), nn.Hardtanh(0, 2)])
@torch.inference_mode()
def test_a_cap_is_taken_off_the_units_but_not_off_the_scores(cap):
    capped, free = network_of(cap), network_of(nn.ReLU())
    images = 3 * torch.randn(5, 3, *PREPROCESSING.size, generator=torch.Generator().manual_seed(1))
    maps, logits = capped(images)
    torch.testing.assert_close(maps, free(images)[0])
    assert maps.max() > cap.max_val
    torch.testing.assert_close(logits, capped.network.classifier(images))


def test_a_layer_that_only_contains_a_cap_is_left_as_it_is():
    class Last(nn.Sequential):
        def forward(self, x):
            return super().forward(x) * 0.5

    network = network_of(Last(nn.ReLU6()))
    images = torch.randn(2, 3, *PREPROCESSING.size)
    with torch.inference_mode():
        assert torch.equal(network(images)[0], network.network(images)[0])


def survey_of(class_images, predicted, correct, score_sum):
    empty = np.zeros(0)
    return Survey(
        empty, empty, empty, *map(np.array, (class_images, predicted, correct, score_sum))
    )


def test_classes_are_selected_by_how_well_they_are_classified():
    survey = survey_of(
        class_images=[10, 10, 2, 0, 10, 10],
        predicted=[40, 8, 2, 0, 10, 8],  # the first is predicted whenever the network is unsure
        correct=[10, 8, 2, 0, 0, 8],
        score_sum=[9.0, 6.0, 1.0, 0.0, 1.0, 7.0],
    )
    assert best_classes(survey, 4) == [2, 5, 1, 0]


NAMES = ClassNames({"n1": "tabby, tabby cat", "n2": "Egyptian cat", "n3": "tench, Tinca tinca"})


def test_classes_are_named_by_label_name_or_synonym():
    wanted = ["n2", "tabby", "tinca TINCA", "tabby, tabby cat"]
    assert classes_by_name(wanted, ["n1", "n2", "n3"], NAMES) == [1, 0, 2, 0]
    with pytest.raises(InputError, match=r"^class 'cat': the network does not have it"):
        classes_by_name(["tabby", "cat"], ["n1", "n2", "n3"], NAMES)


def test_top_units_are_those_of_the_largest_weights():
    weights = np.array([[0.1, -3, 0.5, 0.5], [1, 2, 3, 4]], np.float32)
    assert top_units(weights, 0, 3) == [(2, 0.5), (3, 0.5), (0, pytest.approx(0.1))]
    assert top_units(None, 7, 3) == [(7, 1.0)]
