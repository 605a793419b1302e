import numpy as np
import pytest

from pipeline_lib.localization.crops import merge_crops, ten_crops

SHAPES = [((7, 9), (4, 5)), ((256, 256), (224, 224)), ((13, 8), (12, 8))]


def crops_of(plane, size):
    """The ten crops of an (H, W) plane."""
    pixels = np.broadcast_to(plane[None, :, :, None], (1, *plane.shape, 3))
    return ten_crops(pixels, size)[0, ..., 0]


def test_the_crops_are_the_corners_the_centre_and_their_mirror_images():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 7, 9, 3), np.uint8)
    crops = ten_crops(pixels, (4, 5))
    assert crops.shape == (2, 10, 4, 5, 3)
    assert crops.dtype == np.uint8
    places = {
        "upper left": pixels[:, :4, :5],
        "upper right": pixels[:, :4, 4:],
        "lower left": pixels[:, 3:, :5],
        "lower right": pixels[:, 3:, 4:],
        "centre": pixels[:, 1:5, 2:7],
    }
    for n, (place, plain) in enumerate(places.items()):
        np.testing.assert_array_equal(crops[:, n], plain, place)
        for x in range(5):
            np.testing.assert_array_equal(crops[:, n + 5, :, x], plain[:, :, 4 - x], place)


@pytest.mark.parametrize(("warped", "size"), SHAPES)
def test_crops_of_ones_add_up_to_how_many_crops_cover_a_pixel(warped, size):
    heights, widths = (
        [0, whole - part, (whole - part) // 2] for whole, part in zip(warped, size, strict=True)
    )
    places = [(heights[i], widths[j]) for i, j in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 2))]
    expected = np.zeros(warped)
    for y in range(warped[0]):
        for x in range(warped[1]):
            inside = (
                top <= y < top + size[0] and left <= x < left + size[1] for top, left in places
            )
            expected[y, x] = 2 * sum(inside)
    np.testing.assert_array_equal(merge_crops(np.ones((10, *size)), warped), expected)


@pytest.mark.parametrize(("warped", "size"), SHAPES)
def test_maps_that_depend_on_the_place_in_the_image_come_back_to_their_place(warped, size):
    place = np.random.default_rng(1).random(warped, np.float32)
    covered = merge_crops(np.ones((10, *size)), warped)
    found = merge_crops(crops_of(place, size), warped)
    np.testing.assert_allclose(found, covered * place, rtol=1e-5)
    assert found.dtype == np.float32
