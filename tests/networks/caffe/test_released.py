"""The catalogue of released files, and taking one over or starting from one."""

import hashlib

import numpy as np
import pytest
import torch

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.artefact import load_network
from pipeline_lib.networks.caffe import released
from pipeline_lib.networks.caffe.released import find_release, read_release, releases
from pipeline_lib.networks.initial_weights import start_from
from pipeline_lib.networks.registry import build
from pipeline_lib.networks.start_weights import bring_start_weights
from pipeline_lib.steps.networks import adopt

# In BVLC's GoogLeNet file, beside the network: two side outputs, each a 1x1 convolution to 128
# channels, a layer of 1024 on 4x4 of these, and a layer of 1000.
SIDES = sum(n * 128 + 128 + 2048 * 1024 + 1024 + 1024 * 1000 + 1000 for n in (512, 528))


@pytest.mark.parametrize("network", releases())
def test_a_release_is_one_of_our_networks_and_fills_its_file(network):
    release = find_release(network)
    with torch.device("meta"):
        classifier = build(release.architecture, len(release.labels), release.options)
    weights = sum(part.numel() for part in classifier.parameters())
    if release.bytes is not None:
        weights += SIDES if network == "GoogLeNet" else 0
        # what is not weights is names, shapes and settings, for GoogLeNet of 169 layers
        assert 0 < release.bytes - 4 * weights < 50_000
    assert release.address.split("?")[0].endswith("/" + release.file)
    assert release.preprocessing.warp == (256, 256)


def test_preprocessing_subtracts_caffes_mean_from_red_green_and_blue():
    preprocessing = find_release("VGGnet").preprocessing
    pixel = np.array([200, 100, 50])  # red, green, blue
    found = (pixel / 255 - preprocessing.mean) / preprocessing.std
    np.testing.assert_allclose(found, [200 - 123.68, 100 - 116.779, 50 - 103.939])


def test_the_papers_spelling_of_alexnet_star_is_understood():
    assert find_release("AlexNet*-GAP").network == "AlexNetplus-GAP"
    assert find_release("AlexNet*-GAP").preprocessing.size == (227, 227)


@pytest.mark.parametrize("network", ["AlexNet-GAP", "GoogLeNet-GMP", "ResNet"])
def test_a_network_that_was_not_released_is_refused(network):
    with pytest.raises(InputError, match=rf"^{network}: no weights of it were released"):
        find_release(network)


def test_a_file_of_another_sha1_is_warned_of(tmp_path, package_log, caffemodel):
    content = caffemodel({"conv1": [np.ones((2, 2))]})
    (tmp_path / "a.caffemodel").write_bytes(content)
    fields = {**vars(find_release("NIN")), "file": "a.caffemodel"}
    right = released.Release(**{**fields, "sha1": hashlib.sha1(content).hexdigest()})
    read_release(right, tmp_path)
    assert not package_log.messages
    read_release(released.Release(**fields), tmp_path)
    assert "SHA-1" in package_log.text


def start(classifier, name, folder):
    """Bring the weights into a file, as a run does, and start from it."""
    path = folder / "start" / f"{name.replace(':', '-')}.safetensors"
    if not path.exists():
        bring_start_weights(name, folder, path)
    return start_from(classifier, name, path)


@pytest.fixture(scope="module")
def googlenets(caffemodel, layers_of, tmp_path_factory):
    """GoogLeNet and the authors' GoogLeNet-GAP with random weights, and their files in a folder."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    made = {}
    for network, form in (("GoogLeNet", "old"), ("GoogLeNet-GAP", "new")):
        release = find_release(network)
        made[network] = build(release.architecture, 1000, release.options).eval()
        layers = {**layers_of(made[network]), "loss1/classifier": [np.ones((3, 4))]}
        (folder / release.file).write_bytes(caffemodel(layers, form))
    return made, folder


def test_adopting_a_released_network_writes_it_with_what_was_unused(googlenets, tmp_path, capsys):
    made, folder = googlenets
    out = tmp_path / "network.safetensors"
    flags = ["--weights-folder", str(folder), "--name", "the authors'", "--out", str(out)]
    assert adopt.main(["--released", "GoogLeNet-GAP", *flags]) == 0
    assert "not used: loss1/classifier" in capsys.readouterr().err
    classifier, card = load_network(out)
    images = torch.randn(1, 3, 224, 224) * 60
    with torch.inference_mode():
        assert torch.equal(classifier(images), made["GoogLeNet-GAP"](images))
    assert (card.name, card.source, card.architecture) == (
        "the authors'",
        "caffe",
        "caffe_googlenet_gap",
    )
    assert card.options == {"groups": 2}
    assert card.training == {
        "weights": find_release("GoogLeNet-GAP").file,
        "unused": ["loss1/classifier"],
    }
    assert (card.classes[0], card.classes[999]) == ("n01440764", "n15075141")


def test_a_gap_network_starts_from_the_released_file_of_its_original(googlenets):
    made, folder = googlenets
    classifier = build("caffe_googlenet_gap", 10, {}).eval()
    mean, std = start(classifier, "released:GoogLeNet", folder)
    images = torch.randn(1, 3, 224, 224) * 60
    with torch.inference_mode():
        theirs = made["GoogLeNet"].trunk[: len(classifier.trunk)](images)
        torch.testing.assert_close(classifier.trunk(images), theirs, rtol=0, atol=0)
    convolution = classifier.head.get_submodule("CAM_conv")
    assert (convolution.bias == 1).all()
    assert convolution.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert [round(255 * value, 6) for value in mean] == [123, 117, 104]
    assert std == (1 / 255,) * 3


def test_a_gap_network_for_other_classes_starts_from_its_own_released_file(googlenets):
    made, folder = googlenets
    classifier = build("caffe_googlenet_gap", 10, {"groups": 2}).eval()
    start(classifier, "released:GoogLeNet-GAP", folder)
    ours, theirs = (
        network.head.get_submodule("CAM_conv") for network in (classifier, made["GoogLeNet-GAP"])
    )
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)


def test_alexnet_star_starts_from_alexnets_first_four_convolutions(caffemodel, layers_of, tmp_path):
    trunk = build("caffe_alexnet_gap", 2, {"hidden": 4}).trunk
    release = find_release("AlexNet")
    (tmp_path / release.file).write_bytes(caffemodel(layers_of(trunk), "old"))
    classifier = build("caffe_alexnetplus_gap", 10, {})
    start(classifier, "released:AlexNet", tmp_path)
    assert torch.equal(classifier.trunk.conv4.weight, trunk.conv4.weight)
    assert classifier.head.conv5.weight.std().item() == pytest.approx(0.01, rel=0.05)
    for name in ("conv5", "conv6", "conv7"):
        assert (classifier.head.get_submodule(name).bias == 1).all()


def test_a_network_on_torchvisions_base_cannot_start_from_caffes_file(googlenets):
    _, folder = googlenets
    with pytest.raises(InputError, match=r"released-GoogLeNet\.safetensors.*conv1\.conv\.weight"):
        start(build("googlenet_gap", 10, {}), "released:GoogLeNet", folder)
