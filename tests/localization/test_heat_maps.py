import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image

from pipeline_lib.localization.heat_maps import (
    MAX,
    SUM,
    TRUE_CLASS,
    applied_interpolation,
    heat_map,
    upsample,
)
from pipeline_lib.localization.predictions import PIXEL_METHODS
from pipeline_lib.networks.class_maps import class_maps

MAP_SHAPES = [((14, 14), 227, 227), ((7, 7), 320, 213), ((11, 11), 61, 500), ((1, 3), 8, 5)]


@pytest.mark.parametrize(("shape", "width", "height"), MAP_SHAPES)
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_upsampling_agrees_with_torch(shape, width, height, mode):
    class_map = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(class_map)[None, None],
        size=(height, width),
        mode=mode,
        align_corners=False,
    )[0, 0].numpy()
    found = upsample(class_map, width, height, mode)
    assert found.shape == (height, width)
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < (1e-4 if mode == "bilinear" else 1e-3)


def test_nearest_upsampling_repeats_values():
    class_map = np.arange(6, dtype=np.float32).reshape(2, 3)
    expected = np.kron(class_map, np.ones((5, 4)))
    assert (upsample(class_map, 12, 10, "nearest") == expected).all()


def test_half_precision_and_double_maps_can_be_upsampled():
    for dtype in (np.float16, np.float64):
        assert upsample(np.ones((2, 2), dtype), 4, 4, "bilinear").dtype == np.float32


def test_each_guess_and_the_true_class_have_their_own_map(predictions_of):
    rng = np.random.default_rng(2)
    maps, truth = rng.normal(size=(3, 2, 1, 4, 5)), rng.normal(size=(3, 1, 4, 5))
    predictions = predictions_of(maps, truth)
    for image in range(3):
        for rank in (1, 2):
            found = heat_map(predictions, image, rank, 5, 4, "nearest")
            np.testing.assert_allclose(found, maps[image, rank - 1, 0], rtol=1e-6)
        found = heat_map(predictions, image, TRUE_CLASS, 5, 4, "nearest")
        np.testing.assert_allclose(found, truth[image, 0], rtol=1e-6)


@pytest.mark.parametrize("method", PIXEL_METHODS)
def test_a_gradients_map_has_two_planes(predictions_of, method):
    truth = np.random.default_rng(3).random((1, 2, 6, 8)).astype(np.float16)
    nothing = np.zeros((1, 0, 2, 6, 8), np.float16)
    predictions = predictions_of(nothing, truth, method=method, crops=10)
    for plane in (MAX, SUM):
        found = heat_map(predictions, 0, TRUE_CLASS, 8, 6, "nearest", plane)
        np.testing.assert_array_equal(found, truth[0, plane].astype(np.float32))
    assert (truth[0, MAX] != truth[0, SUM]).any()


def resized(values, width, height):
    image = Image.fromarray(np.float32(values), mode="F")
    return np.array(image.resize((width, height), Image.Resampling.BICUBIC))


def test_ten_planes_are_merged_and_resized_as_by_hand(predictions_of):
    maps = np.random.default_rng(4).normal(size=(2, 2, 10, 4, 3)).astype(np.float32)
    predictions = predictions_of(maps, size=(20, 15), warped=(24, 19))
    canvas = np.zeros((24, 19))
    # (top, left) of the corners and of the centre
    for n, (y, x) in enumerate([(0, 0), (0, 4), (4, 0), (4, 4), (2, 2)]):
        canvas[y : y + 20, x : x + 15] += np.abs(resized(maps[1, 1, n], 15, 20))
        canvas[y : y + 20, x : x + 15] += np.fliplr(np.abs(resized(maps[1, 1, n + 5], 15, 20)))
    found = heat_map(predictions, 1, 2, 33, 50, "bilinear")
    assert found.shape == (50, 33)
    np.testing.assert_allclose(found, resized(canvas, 33, 50), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(heat_map(predictions, 1, 2, 33, 50, "nearest"), found)


@pytest.mark.parametrize(
    ("method", "crops", "ignored"),
    [
        *((method, 1, False) for method in ("cam", "layer-cam")),
        *((method, 10, True) for method in ("cam", "layer-cam")),
        *((method, 10, False) for method in PIXEL_METHODS),
    ],
)
def test_the_applied_interpolation_is_bicubic_where_the_setting_is_ignored(
    predictions_of, method, crops, ignored
):
    planes = 2 if method in PIXEL_METHODS else crops
    maps = np.random.default_rng(6).random((1, 1, planes, 6, 6))
    predictions = predictions_of(maps, size=(12, 12), warped=(14, 14), method=method, crops=crops)
    nearest, bilinear = (
        heat_map(predictions, 0, 1, 20, 20, name) for name in ("nearest", "bilinear")
    )
    assert (nearest == bilinear).all() == ignored
    assert applied_interpolation(predictions, "nearest") == ("bicubic" if ignored else "nearest")


def cubic(t):
    """The cubic convolution kernel of MATLAB's imresize (Keys 1981, a = -0.5)."""
    t = abs(t)
    return np.where(
        t <= 1,
        1.5 * t**3 - 2.5 * t**2 + 1,
        np.where(t < 2, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2, 0),
    )


def test_ten_planes_are_upsampled_by_matlabs_kernel(predictions_of):
    plane = 5 + np.random.default_rng(5).random((6, 7))  # stays positive
    maps = np.zeros((1, 1, 10, 6, 7), np.float32)
    maps[0, 0, 0] = plane  # only in the upper left crop, the whole image here
    predictions = predictions_of(maps, size=(48, 56), warped=(48, 56))
    found = heat_map(predictions, 0, 1, 56, 48, "bilinear")
    rows, columns = (
        cubic((np.arange(8 * side)[:, None] + 0.5) / 8 - 0.5 - np.arange(side)) for side in (6, 7)
    )
    expected = rows @ plane @ columns.T
    inside = (slice(12, -12), slice(12, -12))  # where the kernel does not reach over the border
    np.testing.assert_allclose(found[inside], expected[inside], rtol=1e-5)


@pytest.fixture(scope="module")
def authors_cup(real_data):
    """The authors' map of their image 1's top class, (10, 14, 14), of the ten crops.

    MATLAB hands Caffe the image with its sides swapped.
    """
    folder = real_data / "cam_authors"
    image = scipy.io.loadmat(folder / "data_img1.mat")
    weights = scipy.io.loadmat(folder / "data_net.mat")["weights_LR"].T
    activations = image["activation_lastconv"].transpose(3, 2, 1, 0)  # (10, 1024, 14, 14)
    top = int(image["scores"].squeeze().mean(1).argmax())
    maps = class_maps(
        torch.from_numpy(np.ascontiguousarray(activations)),
        torch.from_numpy(np.ascontiguousarray(weights)),
        torch.full((10, 1), top),
    )
    return maps[:, 0].numpy()


def disagreement(crops):
    """How much the ten crops of (10, 14, 14) differ where they show the same place of 256x256."""
    layers = np.full((10, 256, 256), np.nan)
    for n, (y, x) in enumerate([(0, 0), (0, 32), (32, 0), (32, 32), (16, 16)]):
        layers[n, y : y + 224, x : x + 224] = resized(crops[n], 224, 224)
        layers[n + 5, y : y + 224, x : x + 224] = resized(crops[n + 5], 224, 224)[:, ::-1]
    return np.nanmean(np.nanstd(layers, axis=0))


def test_the_authors_ten_crops_fit_together_in_our_order_and_in_no_other(authors_cup):
    ours = disagreement(authors_cup)
    assert disagreement(authors_cup.transpose(0, 2, 1)) > 3 * ours
    for swapped in ([2, 1, 0, 3, 4], [0, 2, 1, 3, 4], [3, 1, 2, 0, 4]):
        order = swapped + [n + 5 for n in swapped]
        assert disagreement(authors_cup[order]) > 1.5 * ours
    assert disagreement(np.concatenate([authors_cup[5:], authors_cup[:5]])) > 1.5 * ours


def test_the_authors_cup_is_where_their_photograph_shows_it(authors_cup, predictions_of):
    maps = authors_cup[None, None]
    predictions = predictions_of(maps, size=(224, 224), warped=(256, 256))
    for scale in (1, 2):  # their photograph has 256x256 pixels
        found = heat_map(predictions, 0, 1, 256 * scale, 256 * scale, "bilinear")
        y, x = np.unravel_index(found.argmax(), found.shape)
        assert 105 * scale < x < 185 * scale
        assert 95 * scale < y < 145 * scale
    # neither the glass on the left nor the plate in front
    assert found[2 * 160 :].max() < 0.7 * found.max()
    assert found[:, : 2 * 75].max() < 0.7 * found.max()
