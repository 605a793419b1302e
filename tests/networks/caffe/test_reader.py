"""Reading .caffemodel files that the tests wrote, whole and broken, and loading them."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.caffe.reader import read_caffemodel
from pipeline_lib.networks.caffe.weights import caffe_state
from pipeline_lib.networks.registry import ARCHITECTURES, build
from pipeline_lib.networks.weights import load_state

LAYERS = {
    "conv1": [np.arange(54, dtype=np.float32).reshape(2, 3, 3, 3), np.float32([0.5, -1])],
    "fc2": [np.arange(6, dtype=np.float32).reshape(2, 3), np.float32([7, 8])],
}
CAFFES = [name for name in ARCHITECTURES if name.startswith("caffe_") or name == "nin"]


@pytest.mark.parametrize("form", ["old", "new", "double"])
def test_blobs_come_back_by_layer(form, caffemodel, tmp_path):
    path = tmp_path / "a.caffemodel"
    path.write_bytes(caffemodel({"data": [], **LAYERS}, form))
    found = read_caffemodel(path)
    assert list(found) == ["conv1", "fc2"]
    for name, arrays in LAYERS.items():
        for ours, theirs in zip(found[name], arrays, strict=True):
            assert ours.dtype == np.float32
            assert np.array_equal(ours.reshape(theirs.shape), theirs)
    assert found["fc2"][0].shape == ((1, 1, 2, 3) if form == "old" else (2, 3))


@pytest.mark.parametrize("architecture", CAFFES)
@pytest.mark.parametrize("form", ["old", "new"])
def test_a_network_written_as_caffes_comes_back_the_same(
    architecture, form, caffemodel, layers_of, tmp_path
):
    torch.manual_seed(0)
    options = {"width": 0.125, "half_input": True}
    theirs, ours = (build(architecture, 5, options).eval() for _ in range(2))
    path = tmp_path / "a.caffemodel"
    path.write_bytes(caffemodel({**layers_of(theirs), "loss1/fc": [np.ones((2, 2))]}, form))
    state, unused = caffe_state(ours, read_caffemodel(path))
    load_state(ours, state, path)
    side = 115 if "alexnet" in architecture else 112
    images = torch.randn(2, 3, side, side)
    with torch.inference_mode():
        assert torch.equal(ours(images), theirs(images))
    assert unused == ["loss1/fc"]


def test_the_first_convolution_reads_red_green_blue():
    classifier = nn.Sequential()
    classifier.add_module("conv1", nn.Conv2d(3, 1, 1))
    classifier.add_module("conv2", nn.Conv2d(1, 3, 1))
    layers = {
        "conv1": [np.float32([1, 10, 100]).reshape(1, 3, 1, 1), np.float32([0.5])],  # b, g, r
        "conv2": [np.float32([1, 2, 3]).reshape(3, 1, 1, 1), np.zeros(3, np.float32)],
    }
    state, unused = caffe_state(classifier, layers)
    load_state(classifier, state, "a.caffemodel")
    red, green, blue = 3.0, 4.0, 5.0
    value = 100 * red + 10 * green + 1 * blue + 0.5
    found = classifier(torch.tensor([red, green, blue]).reshape(1, 3, 1, 1)).flatten()
    assert found.tolist() == [value, 2 * value, 3 * value]
    assert unused == []


def test_every_prefix_of_a_file_is_refused_or_holds_fewer_layers(caffemodel, tmp_path):
    whole = caffemodel(LAYERS, "new")
    path = tmp_path / "part.caffemodel"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        try:
            assert set(read_caffemodel(path)) == {"conv1"}
        except InputError as error:
            assert "part.caffemodel" in str(error)
            assert "\n" not in str(error)


def test_no_damage_is_more_than_an_input_error(caffemodel, tmp_path):
    whole = caffemodel(LAYERS, "new")
    path = tmp_path / "broken.caffemodel"
    generator = np.random.default_rng(0)
    for _ in range(1500):
        broken = bytearray(whole)
        for at in generator.integers(len(whole), size=generator.integers(1, 4)):
            broken[at] = generator.integers(256)
        path.write_bytes(broken)
        try:
            read_caffemodel(path)
        except InputError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    "content",
    [b"", b"<!DOCTYPE html>\n<html>404</html>", b"\x89PNG\r\n\x1a\n" + bytes(100), b"PK\x03\x04"],
    ids=["empty", "html", "png", "zip"],
)
def test_a_foreign_file_is_refused(content, tmp_path):
    path = tmp_path / "foreign.caffemodel"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"foreign\.caffemodel"):
        read_caffemodel(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.caffemodel: not found"):
        read_caffemodel(tmp_path / "none.caffemodel")


class Lying(np.ndarray):
    """An array that is written with another shape than its numbers fill."""

    shape = (2, 3)
    ndim = 2


def test_a_blob_that_does_not_fill_its_shape_names_its_layer(caffemodel, tmp_path):
    path = tmp_path / "a.caffemodel"
    for form in ("old", "new"):
        path.write_bytes(caffemodel({"fc7": [np.arange(5.0).view(Lying)]}, form))
        with pytest.raises(InputError, match=r"layer fc7.*fill"):
            read_caffemodel(path)


@pytest.mark.parametrize("shape", [(0, 3), (2**40, 2**40), (1,) * 70])
def test_a_hostile_shape_is_refused(shape, caffemodel, tmp_path):
    class Hostile(Lying):
        pass

    Hostile.shape, Hostile.ndim = shape, len(shape)
    path = tmp_path / "a.caffemodel"
    path.write_bytes(caffemodel({"fc7": [np.arange(1.0).view(Hostile)]}))
    with pytest.raises(InputError, match="layer fc7"):
        read_caffemodel(path)


def test_weights_that_are_no_numbers_are_refused(caffemodel, tmp_path):
    path = tmp_path / "a.caffemodel"
    path.write_bytes(caffemodel({"fc7": [np.float32([1, np.nan])]}))
    with pytest.raises(InputError, match=r"layer fc7.*finite"):
        read_caffemodel(path)


def test_two_layers_of_a_name_are_refused(caffemodel, tmp_path):
    path = tmp_path / "a.caffemodel"
    path.write_bytes(caffemodel(LAYERS) + caffemodel({"fc2": LAYERS["fc2"]}))
    with pytest.raises(InputError, match="two layers named fc2"):
        read_caffemodel(path)


@pytest.mark.parametrize("change", ["missing", "shape", "transposed", "no bias", "third blob"])
def test_layers_that_do_not_fit_are_refused_by_name(change, layers_of):
    classifier = build("caffe_googlenet_gap", 5, {"width": 0.125})
    layers = copy.deepcopy(layers_of(classifier))
    weight, bias = layers["CAM_fc"]
    if change == "missing":
        del layers["CAM_fc"]
    layers |= {
        "missing": {},
        "shape": {"CAM_fc": [weight[:3], bias]},
        "transposed": {"CAM_fc": [weight.T, bias]},
        "no bias": {"CAM_fc": [weight]},
        "third blob": {"CAM_fc": [weight, bias, bias]},
    }[change]
    state, _ = caffe_state(classifier, layers)
    with pytest.raises(InputError, match=r"mine\.caffemodel.*CAM_fc"):
        load_state(classifier, state, "mine.caffemodel")
