"""The randomization test against maps made one by one, stage by stage."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from pipeline_lib.common.images import STORED, Picture
from pipeline_lib.data.loader import WarpedImages, normalised
from pipeline_lib.evaluation.map_agreement import absolute_maps, agreement
from pipeline_lib.evaluation.randomized_maps import agreement_by_stage
from pipeline_lib.localization.explainers import network_explainer
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.randomization import randomization_stages, randomize
from pipeline_lib.networks.registry import build

SIZE, CPU = (32, 32), torch.device("cpu")
OPTIONS = {"width": 0.0625, "half_input": True}
CARD = NetworkCard("net", "trained", "googlenet_gap", OPTIONS, list("abc"), Preprocessing(SIZE))
METHODS = ("cam", "grad-cam", "backprop")


def trained():
    torch.manual_seed(3)
    classifier = build("googlenet_gap", 3, OPTIONS).eval()
    with torch.no_grad():  # a positive map of every class, so that Grad-CAM is not empty
        classifier.head.linear.weight.abs_()
    return classifier


@pytest.fixture
def images(tmp_path):
    rng = np.random.default_rng(0)
    pictures = []
    for n in range(5):
        path = tmp_path / f"{n}.png"
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), np.uint8)).save(path)
        pictures.append(Picture(path, STORED))
    return WarpedImages(pictures, SIZE)


TRUE_CLASS = np.array([0, 1, 2, 1, 0], np.int32)


def run(classifier, explainers, images, stages, batch=32):
    settings = {"seed": 5, "batch": batch, "workers": 0, "device": CPU}
    return agreement_by_stage(classifier, explainers, images, TRUE_CLASS, stages, **settings)


def explainers_of(classifier):
    return {method: network_explainer(classifier, CARD, method) for method in METHODS}


def test_agreement_is_that_of_each_map_by_a_network_randomized_that_far(images):
    classifier = trained()
    state = copy.deepcopy(classifier.state_dict())
    stages = randomization_stages(classifier, SIZE, 4)
    found = run(classifier, explainers_of(classifier), images, stages)
    assert all(torch.equal(each, state[key]) for key, each in classifier.state_dict().items())

    def one_map(network, method, n):
        inputs = normalised(images[n][None], CARD.preprocessing.mean, CARD.preprocessing.std, CPU)
        _, maps_of = explainers_of(network)[method].network.explain(inputs)
        (each,) = maps_of(torch.tensor([[int(TRUE_CLASS[n])]]))[0].numpy()
        each = np.abs(each).max(0) if each.ndim == 3 else each
        return absolute_maps(each[None], SIZE)

    for count in (1, 4):
        network = trained()
        randomize(network, tuple(path for stage in stages[:count] for path in stage.modules), 5)
        for method in METHODS:
            for n in range(len(images)):
                expected = agreement(one_map(trained(), method, n), one_map(network, method, n))
                assert found[method][n, count - 1] == pytest.approx(expected[0], abs=2e-3)
    assert found["cam"].shape == (5, 4, 2)
    assert found["cam"][:, -1, 0].mean() < 0.9


def test_batches_change_nothing_nor_do_those_that_run_out_of_memory(images, small_memory):
    classifier = trained()
    stages = randomization_stages(classifier, SIZE, 3)
    explainers = explainers_of(classifier)
    whole = run(classifier, explainers, images, stages)
    small = run(classifier, explainers, images, stages, batch=2)
    small_memory(3)
    halved = run(classifier, explainers, images, stages)
    for method in METHODS:
        assert small[method] == pytest.approx(whole[method], abs=2e-3)
        assert halved[method] == pytest.approx(whole[method], abs=2e-3)


class Edges(nn.Module):
    """Maps of the image alone; of class 2 they are constant."""

    def explain(self, inputs):
        def maps_of(classes):
            maps = inputs.diff(dim=3, append=inputs[..., :1]).mean(1)
            return torch.where((classes == 2)[..., None, None], 0.0, maps[:, None])

        return inputs.mean((2, 3)), maps_of


def test_a_method_that_does_not_read_the_weights_stays_at_one(images):
    classifier = trained()
    explainers = explainers_of(classifier)
    explainers = {"edges": replace(explainers["cam"], network=Edges()), "cam": explainers["cam"]}
    stages = randomization_stages(classifier, SIZE, 3)
    found = run(classifier, explainers, images, stages)
    known = np.arange(5) != 2  # that image's map is constant
    assert found["edges"][known] == pytest.approx(1)
    assert np.isnan(found["edges"][2]).all()
    assert not np.isnan(found["cam"]).any()
