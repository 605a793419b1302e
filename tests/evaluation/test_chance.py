"""Baselines of localization, against closed forms and brute force."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.data.manifest import BOX_COLUMNS, IMAGE_COLUMNS
from pipeline_lib.evaluation.chance import (
    CENTRED_FRACTIONS,
    DRAWS,
    chance_rates,
    uniform_corners,
    uniform_size,
)


def birds(count=400, seed=0):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(100, 300, (count, 2))
    corners = np.sort(rng.random((count, 2, 2)), axis=1) * sizes[:, None]
    names = [f"bird{n}" for n in range(count)]
    images = pd.DataFrame(
        [(name, f"{name}.jpg", "a", w, h, 0) for name, (w, h) in zip(names, sizes, strict=True)],
        columns=list(IMAGE_COLUMNS),
    )
    boxes = pd.DataFrame(
        [(name, "a", *c.ravel()) for name, c in zip(names, corners, strict=True)],
        columns=list(BOX_COLUMNS),
    )
    return images, boxes


def overlap(a, b):
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (area - width * height)


def test_the_full_image_is_right_where_the_object_fills_half_of_it():
    images, boxes = birds()
    rate = chance_rates(images, boxes)["Chance: full image"]
    area = (boxes["x1"] - boxes["x0"]) * (boxes["y1"] - boxes["y0"])
    filled = area / (images["width"] * images["height"])
    np.testing.assert_array_equal(rate, (filled >= 0.5).astype(float))


@pytest.mark.parametrize("fraction", CENTRED_FRACTIONS)
def test_centred_boxes_agree_with_overlap_computed_by_hand(fraction):
    images, boxes = birds(60)
    rate = chance_rates(images, boxes)[f"Chance: centred box, {fraction:.0%} of each side"]
    for n, image in enumerate(images.itertuples()):
        x, y = image.width * (1 - fraction) / 2, image.height * (1 - fraction) / 2
        true = boxes.iloc[n][["x0", "y0", "x1", "y1"]].astype(float).tolist()
        assert rate[n] == (overlap((x, y, image.width - x, image.height - y), true) >= 0.5)


def test_another_images_box_is_every_other_one_where_there_are_few():
    images, boxes = birds(30)
    rate = chance_rates(images, boxes)["Chance: another image's box"]
    relative = boxes[["x0", "y0", "x1", "y1"]].to_numpy(float) / np.tile(
        images[["width", "height"]].to_numpy(float), 2
    )
    for n in (0, 7, 29):
        size = np.tile(images[["width", "height"]].to_numpy(float)[n], 2)
        others = [
            overlap(relative[m] * size, relative[n] * size) >= 0.5 for m in range(30) if m != n
        ]
        assert rate[n] == pytest.approx(np.mean(others))


def test_uniform_boxes_have_the_sides_and_places_of_their_definitions():
    rng = np.random.default_rng(0)
    many = np.concatenate([uniform_corners(30, 60, rng) for _ in range(100)])
    # The distance of two uniform points on a line of length 1 has mean 1/3; so has a gap beside them.
    np.testing.assert_allclose((many[:, 2] - many[:, 0]).mean(), 10, rtol=0.02)
    np.testing.assert_allclose(many[:, 1].mean(), 20, rtol=0.02)
    many = np.concatenate([uniform_size(30, 60, rng) for _ in range(100)])
    np.testing.assert_allclose((many[:, 2] - many[:, 0]).mean(), 15, rtol=0.02)
    np.testing.assert_allclose(many[:, 0].mean(), 7.5, rtol=0.03)  # half of what the width leaves
    assert (many[:, 2] <= 30).all() and (many[:, 3] <= 60).all() and (many >= 0).all()


def test_random_baselines_are_reproducible_and_sharp():
    images, boxes = birds(200)
    first, again, other = (chance_rates(images, boxes, seed) for seed in (0, 0, 1))
    for name, rate in first.items():
        np.testing.assert_array_equal(rate, again[name])
        assert rate.mean() == pytest.approx(
            other[name].mean(), abs=4 * 0.5 / np.sqrt(200 * DRAWS) + 0.01
        )


def test_no_other_image_has_no_rate():
    images, boxes = birds(1)
    assert np.isnan(chance_rates(images, boxes)["Chance: another image's box"]).all()
