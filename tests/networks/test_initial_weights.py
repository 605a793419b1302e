"""Fine-tuning starts from torchvision's networks: what is taken over computes what it did there."""

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torchvision.transforms.functional import normalize

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.initial_weights import start_from
from pipeline_lib.networks.pretrained import build_by_name
from pipeline_lib.networks.registry import build
from pipeline_lib.networks.start_weights import bring_start_weights


def start(classifier, name, folder):
    """Bring the weights into a file, as a run does, and start from it."""
    path = folder / "start" / f"{name}.safetensors"
    if not path.exists():
        bring_start_weights(name, folder, path)
    return start_from(classifier, name, path)


IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """torchvision's three networks with random weights, and a folder with the files of these."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    found = {
        "alexnet": torchvision.models.alexnet(weights=None),
        "vgg16": torchvision.models.vgg16(weights=None, init_weights=False),
        "googlenet": build_by_name("googlenet", "torchvision"),
    }
    for name, network in found.items():
        save_file(network.state_dict(), folder / f"{name}.safetensors")
        network.eval()
    yield found, folder
    for name in found:
        (folder / f"{name}.safetensors").unlink()
        (folder / "start" / f"{name}.safetensors").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("architecture", "name", "cut", "bias"),
    [
        ("alexnet_gap", "alexnet", "features.11", 1.0),
        ("alexnetplus_gap", "alexnet", "features.11", 1.0),
        ("vgg16_gap", "vgg16", "features.29", 0.0),
        ("googlenet_gap", "googlenet", "inception4e", 1.0),
        ("googlenet_gmp", "googlenet", "inception4e", 1.0),
    ],
)
def test_the_trunk_is_torchvisions_and_the_rest_starts_anew(
    originals, architecture, name, cut, bias
):
    found, folder = originals
    classifier = build(architecture, 10, {}).eval()
    linear = classifier.head.linear.weight.clone()
    mean, std = start(classifier, name, folder)
    kept = {}
    hook = (
        found[name]
        .get_submodule(cut)
        .register_forward_hook(lambda _m, _a, output: kept.update(map=output.clone()))
    )
    pixels = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        found[name](normalize(pixels, *IMAGENET))  # GoogLeNet transforms its input once more
        ours = classifier.trunk(normalize(pixels, mean, std))
    hook.remove()
    torch.testing.assert_close(ours, kept["map"], rtol=1e-4, atol=1e-5)
    added = [m for m in classifier.head.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(added) == (2 if architecture == "alexnetplus_gap" else 1)
    for convolution in added:
        assert convolution.weight.std().item() == pytest.approx(0.01, rel=0.05)
        assert (convolution.bias == bias).all()
    assert torch.equal(classifier.head.linear.weight, linear)


@pytest.mark.parametrize("name", ["alexnet", "vgg16", "googlenet"])
def test_an_original_is_torchvisions_whole(originals, name):
    found, folder = originals
    classifier = build(name, 1000, {}).eval()
    mean, std = start(classifier, name, folder)
    pixels = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        theirs = found[name](normalize(pixels, *IMAGENET))
        ours = classifier(normalize(pixels, mean, std))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_for_other_classes_only_the_last_layer_starts_anew(originals):
    found, folder = originals
    classifier = build("alexnet", 7, {})
    last = classifier.head.fc8.weight.clone()
    start(classifier, "alexnet", folder)
    assert torch.equal(classifier.head.fc7.weight, found["alexnet"].classifier[4].weight)
    assert torch.equal(classifier.head.fc8.weight, last)


@pytest.mark.parametrize(
    ("architecture", "options", "name", "named"),
    [
        ("googlenet_gap", {"width": 0.25}, "googlenet", r"conv1\.conv\.weight.*full width"),
        ("alexnet_gap", {"batch_norm": True}, "alexnet", "conv1_norm"),
        ("alexnet_gap", {}, "vgg16", r"conv1\.weight"),
        ("caffe_googlenet_gap", {"hidden": 8}, "googlenet", "conv1/7x7_s2"),
    ],
)
def test_a_trunk_that_is_not_torchvisions_is_refused_by_tensor(
    originals, architecture, options, name, named
):
    _, folder = originals
    with pytest.raises(InputError, match=rf"{name}\.safetensors.*{named}"):
        start(build(architecture, 10, options), name, folder)
