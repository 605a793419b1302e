"""Random weights in the published files' form: read by what reads those, and of a sensible scale."""

import pytest
import torch
import torchvision

from pipeline_lib.networks.adoption import adopt
from pipeline_lib.networks.caffe.released import adopt_released, find_release, releases
from pipeline_lib.networks.initial_weights import start_from
from pipeline_lib.networks.random_weights import (
    randomise,
    write_released_weights,
    write_torchvision_weights,
)
from pipeline_lib.networks.registry import build
from pipeline_lib.networks.start_weights import bring_start_weights


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_torchvisions_file_has_all_its_tensors_and_is_adopted(tmp_path, suffix):
    path = write_torchvision_weights(tmp_path, "googlenet", suffix)
    assert path == tmp_path / f"googlenet{suffix}"
    if suffix == ".pth":
        theirs = torchvision.models.googlenet(weights=None, init_weights=False)
        theirs.load_state_dict(torch.load(path, weights_only=True))  # strictly, aux1 and aux2 too
    network, card = adopt("googlenet", "torchvision", tmp_path)
    assert card.training == {"weights": path.name}
    moved = tmp_path.rename(tmp_path.with_name("elsewhere")) / path.name
    assert adopt("googlenet", "torchvision", moved.parent)[1] == card
    moved.parent.rename(tmp_path)
    images = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        logits = network.eval()(images)
    assert 0.05 < logits.std() < 20
    classifier = build("googlenet_gap", 10, {})
    bring_start_weights("googlenet", tmp_path, tmp_path / "start.safetensors")
    start_from(classifier, "googlenet", tmp_path / "start.safetensors")
    assert torch.equal(classifier.trunk.conv1.conv.weight, network.conv1.conv.weight)


@pytest.mark.parametrize("name", ["NIN", "AlexNetplus-GAP-Places205"])
def test_a_released_file_is_adopted_as_it_was_written(tmp_path, name):
    path = write_released_weights(tmp_path, name, [7], seed=3)
    release = find_release(name)
    assert path == tmp_path / release.file
    expected = randomise(build(release.architecture, len(release.labels), release.options), [7], 3)
    network, card = adopt_released(name, tmp_path)
    for key, tensor in expected.state_dict().items():
        assert torch.equal(network.state_dict()[key], tensor), key
    assert len(card.classes) == len(release.labels)


@pytest.mark.parametrize("name", releases())
def test_activations_keep_their_scale_through_every_network(name):
    """Without that, logits of a deep network without batch norm are all equal, and maps empty."""
    release = find_release(name)
    if release.architecture in ("caffe_vgg16", "caffe_alexnet"):
        pytest.skip("large, and no deeper than the others")
    options = {**release.options, "width": 0.25} if name == "VGGnet-GAP" else release.options
    network = randomise(build(release.architecture, len(release.labels), options)).eval()
    with torch.inference_mode():
        logits = network(torch.randn(2, 3, release.size, release.size))
    assert 1e-2 < logits.std() < 1e2
    assert (logits != 0).any(1).all()


@pytest.mark.parametrize("architecture", ["googlenet_gap", "nin", "caffe_alexnetplus_gap"])
def test_every_image_is_taken_for_a_favoured_class(architecture):
    favoured = [3, 50, 99, 11, 70]
    network = randomise(build(architecture, 100, {}), favoured).eval()
    with torch.inference_mode():
        top = network(torch.randn(4, 3, 224, 224)).topk(5).indices
    assert set(top.flatten().tolist()) == set(favoured)
