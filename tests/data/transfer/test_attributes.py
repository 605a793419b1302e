import numpy as np
import pytest
import scipy.io

from pipeline_lib.data.transfer.attributes import read_sun_attribute
from pipeline_lib.data.transfer.sets import split_spec

NAMES = [f"{letter}/scene_{letter}/sun_{i:03}.jpg" for letter in "ab" for i in range(40)]
ATTRIBUTES = ["camping", "sailing/ boating", "rare", "never", "once"]


def cells(strings):
    array = np.empty((len(strings), 1), dtype=object)
    array[:, 0] = strings
    return array


def save(root, file, **variables):
    scipy.io.savemat(root / file, variables)


@pytest.fixture
def votes():
    """Thirds as the file rounds them; 'rare' has 6 positives, 'never' none, 'once' one."""
    votes = np.random.default_rng(3).integers(0, 4, (len(NAMES), len(ATTRIBUTES)))
    votes[:, 2] = 0
    votes[::14, 2] = 2
    votes[:, 3] = np.arange(len(NAMES)) % 2
    votes[:, 4] = 0
    votes[7, 4] = 3
    return np.array([0, 0.3333, 0.6667, 1])[votes]


@pytest.fixture
def root(plant, votes):
    root = plant(*(f"images/{name}" for name in NAMES), "images/a/scene_a/unlisted.jpg")
    save(root, "images.mat", images=cells(NAMES))
    save(root, "attributes.mat", attributes=cells(ATTRIBUTES))
    save(root, "attributeLabels_continuous.mat", labels_cv=votes)
    return root


def count(rows):
    """{split: {(subset, label): number}}, by counting."""
    counts = {}
    for split, subset, _, label in rows:
        of_split = counts.setdefault(split, {})
        of_split[subset, label] = of_split.get((subset, label), 0) + 1
    return counts


def same(train, test):
    return {
        (subset, label): n
        for subset, n in (("train", train), ("test", test))
        for label in ("present", "absent")
    }


def test_every_attribute_trains_and_tests_on_as_many_with_it_as_without(root):
    image_set = read_sun_attribute(root, split_spec("sun-attribute", train=6, test=2))
    assert count(image_set.splits) == {
        "camping": same(6, 2),
        "sailing/ boating": same(6, 2),
        "rare": same(4, 2),  # six images with it: 3 to 1 is 4.5 to 1.5
    }
    assert list(dict.fromkeys(row[0] for row in image_set.splits)) == ATTRIBUTES[:3]


def test_two_votes_are_present_none_is_absent_and_one_is_dropped(root, votes):
    image_set = read_sun_attribute(root, split_spec("sun-attribute", train=6, test=2))
    for split, _, image, label in image_set.splits:
        vote = votes[NAMES.index(image), ATTRIBUTES.index(split)]
        assert vote in ((0.6667, 1) if label == "present" else (0,))


def test_no_image_is_in_two_subsets_or_twice_in_one(root):
    image_set = read_sun_attribute(root, split_spec("sun-attribute", train=9, test=3, splits=3))
    keys = [(split, image) for split, _, image, _ in image_set.splits]
    assert len(set(keys)) == len(keys)


def test_several_splits_of_an_attribute_have_their_number(root):
    once = read_sun_attribute(root, split_spec("sun-attribute", train=6, test=2, seed=8)).splits
    twice = read_sun_attribute(
        root, split_spec("sun-attribute", train=6, test=2, splits=2, seed=8)
    ).splits
    assert twice[: len(once)] == once
    assert {row[0] for row in twice[len(once) :]} == {f"{name} (2)" for name in ATTRIBUTES[:3]}
    images = [{row[2] for row in twice if row[0] == name} for name in ("camping", "camping (2)")]
    assert images[0] != images[1]


def test_the_seed_decides_the_splits(root):
    by_seed = [
        read_sun_attribute(root, split_spec("sun-attribute", train=6, test=2, seed=seed)).splits
        for seed in (1, 1, 2)
    ]
    assert by_seed[0] == by_seed[1]
    assert by_seed[0] != by_seed[2]


def test_images_have_no_class_and_attributes_are_the_classes(root):
    image_set = read_sun_attribute(root, split_spec("sun-attribute"))
    assert [row[:3] for row in image_set.images] == [(name, f"images/{name}", "") for name in NAMES]
    assert image_set.classes == [(name, i, name) for i, name in enumerate(ATTRIBUTES, 1)]
    assert image_set.boxes == []


def test_what_differs_from_the_paper_is_said(root):
    (root / "images" / NAMES[1]).unlink()
    image_set = read_sun_attribute(root, split_spec("sun-attribute", train=6, test=2))
    assert NAMES[1] not in {row[2] for row in image_set.splits}
    assert image_set.summary.notes == [
        "79 images and 5 attributes found instead of 14,340 and 102.",
        "2 attributes left out: too few images to split.",
        "Trained on 6 images with an attribute and as many without instead of 150.",
        "1 of 3 attributes with fewer than 6 training images, the smallest has 4.",
        "Tested on 2 images with an attribute and as many without instead of 50.",
    ]


def test_two_images_are_one_to_train_on_and_one_to_test_on(root):
    for name in NAMES[28:]:  # 'rare' keeps its positives 0 and 14
        (root / "images" / name).unlink()
    image_set = read_sun_attribute(root, split_spec("sun-attribute"))
    assert count(image_set.splits)["rare"] == same(1, 1)


@pytest.mark.parametrize(
    ("file", "variable"),
    [
        ("images.mat", "images"),
        ("attributes.mat", "attributes"),
        ("attributeLabels_continuous.mat", "labels_cv"),
    ],
)
def test_a_mat_file_that_is_missing_or_none_is_refused(root, refused, file, variable):
    spec = split_spec("sun-attribute")
    whole = (root / file).read_bytes()
    for content in (b"", b"MATLAB?", whole[: len(whole) // 2], b"\x89HDF\r\n\x1a\n" * 40):
        (root / file).write_bytes(content)
        refused(read_sun_attribute, root, spec, root / file)
    save(root, file, other=1)
    refused(read_sun_attribute, root, spec, root / file, variable)
    (root / file).unlink()
    refused(read_sun_attribute, root, spec, root / file, "not found")


def test_labels_of_another_shape_are_refused(root, votes, refused):
    for odd in (votes[:-1], votes.T, votes[:, :-1], cells(["a"] * 4)):
        save(root, "attributeLabels_continuous.mat", labels_cv=odd)
        refused(
            read_sun_attribute,
            root,
            split_spec("sun-attribute"),
            "labels_cv",
            "80 images",
            "5 attributes",
        )


@pytest.mark.parametrize("value", [np.nan, 3, -1])
def test_labels_that_are_no_mean_votes_are_refused(root, votes, refused, value):
    votes[3, 1] = value
    save(root, "attributeLabels_continuous.mat", labels_cv=votes)
    refused(read_sun_attribute, root, split_spec("sun-attribute"), "labels_cv", "0 to 1")


def test_names_that_are_no_names_or_come_twice_are_refused(root, refused):
    save(root, "attributes.mat", attributes=cells(["x", "x", "y", "z", "w"]))
    refused(
        read_sun_attribute, root, split_spec("sun-attribute"), "attributes.mat", "repeated name"
    )
    save(root, "attributes.mat", attributes=cells([[1, 2], "x", "y", "z", "w"]))
    refused(
        read_sun_attribute,
        root,
        split_spec("sun-attribute"),
        "attributes.mat",
        "not a list of names",
    )


def test_no_image_and_no_attribute_of_use_are_refused(root, votes, refused):
    save(root, "attributeLabels_continuous.mat", labels_cv=np.zeros_like(votes))
    refused(read_sun_attribute, root, split_spec("sun-attribute"), root, "no attribute has")
    (root / "images").rename(root / "elsewhere")
    refused(
        read_sun_attribute,
        root,
        split_spec("sun-attribute"),
        root / "images",
        "no image of images.mat",
    )
