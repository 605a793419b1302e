"""Masks against hand-made fields, and the disc against its definition."""

import numpy as np
import pytest

from pipeline_lib.units.masks import disc_mask, fade_outside, field_mask
from pipeline_lib.units.receptive_field import Axis, ReceptiveField

SHIFTS = np.arange(-20, 21, 4)


def bump(radius):
    y, x = np.meshgrid(SHIFTS, SHIFTS, indexing="ij")
    return np.clip(1 - np.hypot(y, x) / (2 * radius), 0, None)  # one half at the radius


@pytest.mark.parametrize(("width", "height"), [(100, 80), (50, 160)])
def test_the_field_lies_around_the_peak_in_pixels_of_the_image(width, height):
    mask = field_mask(bump(8), SHIFTS, (30.0, 60.0), (80, 100), width, height)
    y, x = np.mgrid[:height, :width] + 0.5
    y, x = y * 80 / height, x * 100 / width  # at the input
    disc = np.hypot(y - 30, x - 60) < 8
    assert (mask & disc).sum() / (mask | disc).sum() > 0.8
    assert mask[int(30 * height / 80), int(60 * width / 100)]


def test_of_two_components_the_stronger_counts():
    drop = np.zeros((len(SHIFTS),) * 2)
    drop[2, 2], drop[8, 8] = 0.8, 1.0
    mask = field_mask(drop, SHIFTS, (40.0, 40.0), (80, 80), 80, 80)
    assert mask[52, 52] and not mask[28, 28]


def test_unknown_positions_and_rises_are_no_field():
    drop = bump(8)
    drop[:, :5] = np.nan
    mask = field_mask(drop, SHIFTS, (40.0, 40.0), (80, 80), 80, 80)
    assert mask.any() and not mask[:, :37].any()
    assert not field_mask(-bump(8), SHIFTS, (40.0, 40.0), (80, 80), 80, 80).any()


def test_a_field_in_a_corner_is_cut_off_by_the_image():
    mask = field_mask(bump(8), SHIFTS, (0.0, 0.0), (80, 80), 80, 80)
    assert mask[0, 0] and mask.sum() == pytest.approx(np.pi * 64 / 4, rel=0.2)
    gone = field_mask(np.pad(np.zeros((9, 11)), ((0, 2), (0, 0))), SHIFTS, (0, 0), (80, 80), 80, 80)
    assert not gone.any()


def test_discs_have_65_pixels_at_227_and_lie_where_the_map_is_high():
    field = ReceptiveField(Axis(0, 21, 20), Axis(0, 21, 20), (227, 227), (11, 11))
    activations = np.zeros((11, 11))
    activations[5, 2], activations[9, 9] = 4.0, 2.0  # not above one half
    mask = disc_mask(field, activations, 227, 227)
    assert mask.sum() == pytest.approx(np.pi * 32.5**2, rel=0.05)
    y, x = np.nonzero(mask)
    assert (y.mean(), x.mean()) == pytest.approx((110, 50), abs=0.6)
    activations[9, 9] = 2.1
    assert disc_mask(field, activations, 227, 227)[190, 190]
    wide = disc_mask(field, activations, 454, 227)
    assert wide[110, 100] and wide[110, 100 + 60] and not wide[110 + 60, 100]
    assert not disc_mask(field, 0 * activations, 50, 50).any()


@pytest.mark.parametrize("level", [0, 100, 255])
def test_outside_of_the_mask_a_picture_is_grey_and_can_be_seen_however_dark_it_is(level):
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[..., 0] = level  # a shade of red
    faded = fade_outside(picture, np.array([[True, False], [False, False]])).astype(int)
    assert faded[0, 0].tolist() == [level, 0, 0]
    assert len(set(faded[1, 1])) == 1
    assert 50 < faded[1, 1, 0] < 200


def test_outside_of_the_mask_brighter_places_stay_brighter():
    picture = np.repeat(np.arange(0, 256, 15, dtype=np.uint8)[None, :, None], 3, axis=2)
    faded = fade_outside(picture, np.zeros((1, 18), bool))[0, :, 0].astype(int)
    assert (np.diff(faded) > 0).all()
