import cv2
import numpy as np
import pytest

from pipeline_lib.localization.graphcut_box import graphcut_box

HEIGHT, WIDTH = 120, 160
GREEN, RED = (60, 140, 70), (190, 70, 60)
Y, X = np.mgrid[:HEIGHT, :WIDTH]


def ellipse(cx, cy, rx, ry):
    return ((X - cx) / rx) ** 2 + ((Y - cy) / ry) ** 2 <= 1


def box_of(mask):
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)


def painted(*layers, seed=0):
    """A textured image: green, and over it each (mask, colour)."""
    image = np.empty((HEIGHT, WIDTH, 3))
    image[:] = GREEN
    for mask, colour in layers:
        image[mask] = colour
    texture = np.random.default_rng(seed).normal(0, 12, image.shape)
    return np.clip(image + texture, 0, 255).astype(np.uint8)


def gaussian(cx, cy, sx, sy):
    return np.exp(-(((X - cx) / sx) ** 2) - ((Y - cy) / sy) ** 2).astype(np.float32)


def near(found, expected, pixels=2):
    return np.abs(np.subtract(found, expected)).max() <= pixels


@pytest.mark.parametrize(
    ("cx", "cy", "rx", "ry"), [(80, 60, 45, 30), (60, 70, 30, 40), (100, 50, 50, 20)]
)
def test_an_object_of_another_colour_gets_its_box(cx, cy, rx, ry):
    mask = ellipse(cx, cy, rx, ry)
    found = graphcut_box(painted((mask, RED)), gaussian(cx, cy, 30, 25))
    assert near(found, box_of(mask))


def test_a_box_does_not_depend_on_what_opencv_drew_at_random_before():
    saliency = gaussian(80, 60, 40, 30)[::2, ::2]
    for seed in range(8):  # patches of many colours, of which a mixture has five
        patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
        image = patches.repeat(10, 0).repeat(10, 1)
        boxes = set()
        for state in range(1, 6):
            cv2.setRNGSeed(state)
            boxes.add(graphcut_box(image, saliency))
        assert len(boxes) == 1


@pytest.mark.parametrize("value", [0, 1, -1])
def test_a_flat_saliency_gives_the_whole_image(value):
    image = painted((ellipse(80, 60, 45, 30), RED))
    saliency = np.full((HEIGHT, WIDTH), value, np.float32)
    assert graphcut_box(image, saliency) == (0, 0, WIDTH, HEIGHT)


def test_a_region_of_the_objects_colour_belongs_to_it_and_middling_background_does_not():
    """The object is a bar; the saliency knows its left end only, and says as much of the sky."""
    bar = (Y >= 45) & (Y < 75) & (X >= 20) & (X < 140)
    saliency = gaussian(60, 60, 25, 10)
    middling = np.quantile(saliency, 0.7)
    saliency[45:75, 100:140] = saliency[:20, 60:100] = middling
    low, high = np.quantile(saliency, [0.3, 0.95])
    assert low < middling < high
    assert near(graphcut_box(painted((bar, RED)), saliency), box_of(bar))


def test_the_seeds_alone_decide_the_colours():
    """No seed touches the object's side, of a colour nearer to the object's, nor the sky beside it.

    Did the pixels between the seeds count as background from the start, or as the object, their
    colours would be known as such.
    """
    bar = (Y >= 45) & (Y < 75) & (X >= 20) & (X < 140)
    side, sky = bar & (X >= 95), X >= 140
    saliency = gaussian(60, 60, 25, 10)
    saliency[side | sky] = np.quantile(saliency, 0.7)
    low, high = np.quantile(saliency, [0.3, 0.95])
    assert (low < saliency[side | sky]).all()
    assert (saliency[side | sky] < high).all()
    image = painted((bar, RED), (side, (190, 105, 60)), (sky, (60, 175, 70)))
    assert near(graphcut_box(image, saliency), box_of(bar))


def test_seeds_stay_what_they_are():
    # the most salient pixels are the object even where nothing else sets them apart
    saliency = gaussian(80, 60, 30, 25)
    x0, y0, x1, y1 = graphcut_box(painted(), saliency)
    seeds = box_of(saliency > np.quantile(saliency, 0.95))
    assert x0 <= seeds[0] + 1
    assert y0 <= seeds[1] + 1
    assert x1 >= seeds[2] - 1
    assert y1 >= seeds[3] - 1
    background = box_of(saliency >= np.quantile(saliency, 0.3))
    assert x0 >= background[0] and y0 >= background[1]
    assert x1 <= background[2] and y1 <= background[3]


def test_one_colour_throughout_and_tiny_images_are_no_trouble():
    plain = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    x0, y0, x1, y1 = graphcut_box(plain, gaussian(80, 60, 30, 25))
    assert 0 <= x0 < x1 <= WIDTH
    assert 0 <= y0 < y1 <= HEIGHT
    few = np.zeros((3, 3), np.float32)
    few[1, 1] = 1  # fewer seeds than a mixture has components
    assert graphcut_box(plain[:3, :3], few) == (0, 0, 3, 3)


def test_the_region_without_saliency_may_be_large():
    # more than 30 % of the saliency is zero: the background's seeds are those
    mask = ellipse(80, 60, 40, 30)
    saliency = gaussian(80, 60, 30, 25)
    saliency[~ellipse(80, 60, 55, 45)] = 0
    assert (saliency == 0).mean() > 0.3
    assert near(graphcut_box(painted((mask, RED)), saliency), box_of(mask))
