"""The images of the synthetic transfer sets show what their classes say."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.io

from pipeline_lib.data.synthetic.compositions import (
    RANDOM_KIND_RATE,
    Composition,
    actions,
    birds,
    clutter_only,
    events,
    objects,
    places,
)
from pipeline_lib.data.synthetic.image_files import ImageContent
from pipeline_lib.data.synthetic.kinds import KINDS, TEXTURES
from pipeline_lib.data.synthetic.scene_sets import write_sun_attribute

ALL = {
    "places": lambda: places(8, 2, ("hall", "field", "shore")),
    "objects": lambda: objects(10, 3),
    "actions": lambda: actions(8),
    "events": lambda: events(8),
    "birds": lambda: birds(10),
}


def draw(composition: Composition, seed: int = 0):
    return composition.draw(np.random.default_rng(seed))


def differing(one, other):
    """The half-open box of the pixels in which two images differ, None where they do not."""
    rows, columns = np.nonzero((one.image != other.image).any(axis=2))
    if len(rows) == 0:
        return None
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def within(inner, outer, slack=0):
    return all(
        (inner[0] >= outer[0] - slack, inner[1] >= outer[1] - slack)
        + (inner[2] <= outer[2] + slack, inner[3] <= outer[3] + slack)
    )


@pytest.mark.parametrize("family", ALL)
def test_classes_of_a_set_differ_in_name_and_in_what_they_show(family):
    classes = ALL[family]()
    assert len({one.name for one in classes}) == len(classes)
    assert len({(one.objects, one.backdrop) for one in classes}) == len(classes)


@pytest.mark.parametrize("family", ALL)
def test_the_same_seed_draws_the_same_image_and_another_does_not(family):
    one = ALL[family]()[1]
    assert (draw(one, 1).image == draw(one, 1).image).all()
    assert draw(one, 1).image.shape != draw(one, 2).image.shape or differing(
        draw(one, 1), draw(one, 2)
    )


def test_objects_are_no_kinds_of_the_synthetic_ilsvrc():
    known = {(kind.shape, kind.texture) for kind in KINDS} | {
        (kind.texture, kind.part) for kind in KINDS
    }
    for shift in (3, 6):
        for one in objects(10, shift):
            ((kind,),) = one.objects
            assert (kind.shape, kind.texture) not in known
            assert (kind.texture, kind.part) not in known


def test_a_place_shows_what_tends_to_be_there():
    typical, total = 0, 0
    for index, one in enumerate(places(8, 1, ("hall", "field"))):
        for seed in range(20):  # another image each time: the kinds are drawn from the seed
            kinds = [drawn.kind for drawn in draw(one, 20 * index + seed).objects]
            total += len(kinds)
            typical += sum(kind in one.objects[0] for kind in kinds)
    wanted = 1 - RANDOM_KIND_RATE * 8 / 10  # two kinds of ten are typical by chance
    assert abs(typical / total - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / total)


def test_no_two_places_share_both_kinds():
    for shift in (1, 2, 3, 4):
        pairs = {frozenset(one.objects[0]) for one in places(8, shift, ("hall",))}
        assert len(pairs) == 8
        assert all(len(pair) == 2 for pair in pairs)


def test_events_differ_in_which_of_two_kinds_is_large():
    for one, other in zip(events(8)[::2], events(8)[1::2], strict=True):
        assert set(one.objects) == set(other.objects)
        for composition in (one, other):
            first, *others = draw(composition, 5).objects
            assert others
            assert all(np.ptp(first.polygon, 0).max() > np.ptp(o.polygon, 0).max() for o in others)
            assert {o.kind for o in others} == set(composition.objects[1])


def test_actions_differ_in_the_tool_and_not_in_the_actor():
    one, other = actions(2)
    for seed in range(10):
        (actor,), (same,) = (draw(action, seed).objects for action in (one, other))
        assert actor.box == same.box
        assert actor.kind == replace(same.kind, part=actor.kind.part)
        assert differing(draw(one, seed), draw(other, seed)) is not None


def test_images_of_clutter_have_no_object():
    scene = draw(clutter_only("clutter"))
    assert scene.objects == ()
    assert scene.image.std() > 5


def test_birds_differ_in_plumage_and_in_nothing_else():
    species = birds(10)
    assert {kind.texture for one in species for ((kind,),) in [one.objects]} == set(TEXTURES)
    for seed in range(10):
        scenes = [draw(one, seed) for one in species]
        (box,) = {scene.objects[0].box for scene in scenes}
        for scene in scenes[1:]:
            assert within(differing(scenes[0], scene), box, slack=1)  # smooth edges


def test_a_birds_box_holds_its_body_and_little_else():
    one = birds(1)[0]
    ((kind,),) = one.objects
    repainted = replace(one, objects=((replace(kind, texture="netted"),),))
    for seed in range(20):
        scene = draw(one, seed)
        x0, y0, x1, y1 = body = differing(scene, draw(repainted, seed))
        box = scene.objects[0].box
        assert within(body, box, slack=1)  # smooth edges
        assert (x1 - x0) * (y1 - y0) > 0.8 * (box[2] - box[0]) * (box[3] - box[1])


def test_birds_are_a_third_to_six_tenths_of_a_side_and_anywhere():
    drawn = [draw(birds(1)[0], seed) for seed in range(60)]
    sizes = np.array([scene.image.shape[1::-1] for scene in drawn], float)
    boxes = np.array([scene.objects[0].box for scene in drawn], float)
    longest = (boxes[:, 2:] - boxes[:, :2]).max(axis=1) / sizes.min(axis=1)
    assert longest.min() > 0.3
    assert longest.max() < 0.65
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 / sizes
    assert (centres.std(axis=0) > 0.15).all()
    assert sizes.min() >= 160
    assert sizes.max() <= 200


def test_two_votes_or_three_say_that_an_attribute_is_true_of_what_was_drawn(tmp_path):
    drawn = {}

    def draw_all(specs):
        contents = []
        for seed, spec in enumerate(specs):
            scene = draw(spec.composition, seed)
            drawn[spec.path.removeprefix("images/")] = spec.composition, scene
            contents.append(ImageContent(scene.image.shape[1::-1], scene.objects))
        return contents

    write_sun_attribute(tmp_path, np.random.default_rng(0), draw_all)
    names = scipy.io.loadmat(tmp_path / "images.mat", squeeze_me=True)["images"]
    attributes = scipy.io.loadmat(tmp_path / "attributes.mat", squeeze_me=True)["attributes"]
    votes = scipy.io.loadmat(tmp_path / "attributeLabels_continuous.mat")["labels_cv"]
    votes = dict(zip(attributes, votes.T, strict=True))
    scenes = [drawn[name] for name in names]
    truths = {
        "open area": [place.name.split("_")[-1] in ("field", "shore") for place, _ in scenes],
        "crowded": [len(scene.objects) > 2 for _, scene in scenes],
        "bolts": [any("bolt" in one.kind.name for one in scene.objects) for _, scene in scenes],
        "round things": [
            any({"disc", "oval"} & set(one.kind.name.split()) for one in scene.objects)
            for _, scene in scenes
        ],
    }
    for attribute, truth in truths.items():
        assert ((votes[attribute] > 0.5) == truth).all(), attribute
    noisy = np.mean([np.isin((3 * column).round(), (1, 2)).mean() for column in votes.values()])
    assert 0.15 < noisy < 0.35
