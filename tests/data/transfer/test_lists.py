import pytest
from torchvision.datasets import SUN397

from pipeline_lib.data.transfer.lists import read_action40, read_indoor67, read_sun397
from pipeline_lib.data.transfer.sets import split_spec

SCENES = ("a/abbey", "a/apartment_building/outdoor", "a/apartment_building/indoor", "z/zoo")


@pytest.fixture
def sun(plant):
    """Three classes with four images each; the fourth class has no folder; two partitions."""
    images = [f"{scene}/sun_{letter * 16}.jpg" for scene in SCENES[:3] for letter in "abcd"]
    root = plant(*images, "a/abbey/sun_eeee.txt", "s/stray/sun_aaaa.jpg", "Partitions/Readme")
    (root / "ClassName.txt").write_text("".join(f"/{scene}\n" for scene in SCENES))
    write_partition(root, 1, "ab", "cd")
    write_partition(root, 2, "ca", "bd")
    return root


def write_partition(root, number, train, test):
    for subset, letters in (("Training", train), ("Testing", test)):
        text = "".join(
            f"/{scene}/sun_{letter * 16}.jpg\r\n" for scene in SCENES for letter in letters
        )
        (root / "Partitions" / f"{subset}_{number:02}.txt").write_text(text)


def test_scenes_are_those_of_the_class_list(sun):
    image_set = read_sun397(sun, split_spec("sun397", splits=2))
    assert image_set.images[0][:3] == (f"a/abbey/sun_{'a' * 16}.jpg",) * 2 + ("abbey",)
    assert image_set.classes == [
        ("abbey", 1, "abbey"),
        ("apartment_building/outdoor", 2, "apartment building, outdoor"),
        ("apartment_building/indoor", 3, "apartment building, indoor"),
    ]
    assert {row[2] for row in image_set.images} == {row[0] for row in image_set.classes}
    assert all((sun / row[1]).is_file() for row in image_set.images)


def test_scenes_are_torchvisions(sun, tmp_path):
    (sun / "s" / "stray" / "sun_aaaa.jpg").unlink()  # torchvision lists whatever is there
    (tmp_path / "SUN397").symlink_to(sun)
    theirs = SUN397(tmp_path)
    names = {index: label for label, index in theirs.class_to_idx.items()}
    expected = {
        (path.relative_to(tmp_path / "SUN397").as_posix(), names[label])
        for path, label in zip(theirs._image_files, theirs._labels, strict=True)
    }
    image_set = read_sun397(sun, split_spec("sun397", splits=2))
    assert {(row[0], row[2]) for row in image_set.images} == expected


def test_partitions_are_as_listed(sun, subsets):
    image_set = read_sun397(sun, split_spec("sun397", splits=2))
    letters = {
        (split, subset): {image[-5] for image in subsets(image_set.splits, subset)[split]["abbey"]}
        for split in "12"
        for subset in ("train", "test")
    }
    assert letters == {
        ("1", "train"): {"a", "b"},
        ("1", "test"): {"c", "d"},
        ("2", "train"): {"c", "a"},
        ("2", "test"): {"b", "d"},
    }
    assert len(image_set.splits) == 2 * 3 * 4


def test_the_part_of_sun397_that_is_there_is_told(sun):
    (sun / "a" / "abbey" / f"sun_{'b' * 16}.jpg").unlink()
    assert read_sun397(sun, split_spec("sun397")).summary.notes == [
        "11 images and 3 classes found instead of 108,754 and 397.",
        "2 official partitions instead of 5; 3 not found.",
        "A split trains on 5 to 6 images instead of 19,850 and tests on 5 to 6 instead of 19,850.",
        "5 images of the official lists not found.",
    ]
    assert read_sun397(sun, split_spec("sun397", splits=1)).summary.notes[1] == (
        "1 official partition instead of 5."
    )


def test_a_class_with_no_training_image_is_left_out_of_the_split(sun):
    for letter in "ab":
        (sun / "a" / "abbey" / f"sun_{letter * 16}.jpg").unlink()
    image_set = read_sun397(sun, split_spec("sun397", splits=2))
    labels = {
        split: {row[3] for row in image_set.splits if row[0] == split}
        - {"apartment_building/indoor"}
        for split in "12"
    }
    assert labels == {
        "1": {"apartment_building/outdoor"},
        "2": {"apartment_building/outdoor", "abbey"},
    }
    assert "1 class left out of a split: no training or no test image." in image_set.summary.notes


def test_the_class_list_may_lie_among_the_partitions(sun):
    before = read_sun397(sun, split_spec("sun397"))
    (sun / "ClassName.txt").rename(sun / "Partitions" / "ClassName.txt")
    assert read_sun397(sun, split_spec("sun397")) == before


def test_sun397_without_a_list_an_image_or_a_partition_is_refused(sun, refused, tmp_path):
    spec = split_spec("sun397")
    (sun / "Partitions" / "Testing_02.txt").unlink()
    assert {row[0] for row in read_sun397(sun, spec).splits} == {"1"}
    (sun / "Partitions" / "Training_01.txt").unlink()
    refused(read_sun397, sun, spec, sun / "Partitions", "Partitions.zip")
    (sun / "ClassName.txt").write_text("/q/quarry\n")
    refused(read_sun397, sun, spec, sun / "ClassName.txt", "none of its classes")
    (sun / "ClassName.txt").unlink()
    refused(read_sun397, sun, spec, sun / "ClassName.txt", "not found")


def test_a_partition_of_other_images_is_refused(sun, refused):
    write_partition(sun, 2, "x", "y")
    refused(read_sun397, sun, split_spec("sun397"), "Training_02.txt", "no class has")


def test_a_scene_in_train_and_test_is_refused(sun, refused):
    write_partition(sun, 1, "ab", "bc")
    refused(read_sun397, sun, split_spec("sun397"), "Training_01.txt", "in train and in test")


@pytest.fixture
def indoor(plant):
    root = plant(
        *(f"indoorCVPR_09/Images/bakery/img_{i}.jpg" for i in range(4)),
        *(f"indoorCVPR_09/Images/movietheater/Kino {i}.JPG" for i in range(3)),
        "indoorCVPR_09/Images/bakery/Thumbs.db",
    )
    root = root / "indoorCVPR_09"
    (root / "TrainImages.txt").write_text(
        "bakery/img_0.jpg\nbakery/img_1.jpg\n\nMovieTheater/kino 0.jpg"
    )
    (root / "TestImages.txt").write_text("bakery/img_2.jpg\r\nmovietheater/Kino 2.JPG\r\n")
    return root


def test_rooms_are_listed_and_split(indoor):
    image_set = read_indoor67(indoor, split_spec("indoor67"))
    assert len(image_set.images) == 7
    assert image_set.images[-1][:3] == (
        "movietheater/Kino 2.JPG",
        "Images/movietheater/Kino 2.JPG",
        "movietheater",
    )
    assert image_set.classes == [("bakery", 1, "bakery"), ("movietheater", 2, "movietheater")]
    assert image_set.splits == [
        ("1", "train", "bakery/img_0.jpg", "bakery"),
        ("1", "train", "bakery/img_1.jpg", "bakery"),
        ("1", "train", "movietheater/Kino 0.JPG", "movietheater"),  # listed in another case
        ("1", "test", "bakery/img_2.jpg", "bakery"),
        ("1", "test", "movietheater/Kino 2.JPG", "movietheater"),
    ]
    assert image_set.summary.notes == [
        "7 images and 2 classes found instead of 15,620 and 67.",
        "A split trains on 3 images instead of 5,360 and tests on 2 instead of 1,340.",
    ]


def test_the_exact_name_goes_before_another_case(indoor):
    (indoor / "Images" / "bakery" / "IMG_0.JPG").touch()
    rows = read_indoor67(indoor, split_spec("indoor67")).splits
    assert rows[0] == ("1", "train", "bakery/img_0.jpg", "bakery")
    assert "bakery/IMG_0.JPG" not in {row[2] for row in rows}


def test_the_lists_may_lie_beside_the_folder(indoor):
    before = read_indoor67(indoor, split_spec("indoor67"))
    for name in ("TrainImages.txt", "TestImages.txt"):
        (indoor / name).rename(indoor.parent / name)
    assert read_indoor67(indoor, split_spec("indoor67")) == before


def test_rooms_without_a_list_or_an_image_are_refused(indoor, refused):
    (indoor / "TestImages.txt").unlink()
    refused(read_indoor67, indoor, split_spec("indoor67"), indoor / "TestImages.txt", "not found")
    (indoor / "Images").rename(indoor / "elsewhere")
    refused(
        read_indoor67, indoor, split_spec("indoor67"), indoor / "Images", "no folder of .jpg images"
    )


@pytest.mark.parametrize("content", [b"", b"\xff\x00\xfe\n\x80", b"bakery/absent.jpg\n"])
def test_a_list_that_names_no_image_is_refused(indoor, refused, content):
    (indoor / "TestImages.txt").write_bytes(content)
    refused(
        read_indoor67, indoor, split_spec("indoor67"), indoor / "TrainImages.txt", "no class has"
    )


ACTIONS = {"applauding": 5, "blowing_bubbles": 4, "walking": 0}


@pytest.fixture
def actions(plant):
    root = plant(
        *(f"JPEGImages/{a}_{i:03}.jpg" for a, n in ACTIONS.items() for i in range(1, n + 1)),
        "JPEGImages/bubbles_001.jpg",  # of no action, though its name ends like one
        "XMLAnnotations/applauding_001.xml",
        "ImageSplits/train.txt",
    )
    counts = "".join(f"{action}\t{count}\n" for action, count in ACTIONS.items())
    (root / "ImageSplits" / "actions.txt").write_text(f"action_name\tnumber_of_images\n{counts}")
    for action in ACTIONS:
        for subset, numbers in (("train", (1, 2)), ("test", (3, 4, 5))):
            text = "".join(f"{action}_{i:03}.jpg\n" for i in numbers)
            (root / "ImageSplits" / f"{action}_{subset}.txt").write_text(text)
    return root


def test_actions_are_told_by_the_images_names(actions, subsets):
    image_set = read_action40(actions, split_spec("action40"))
    assert image_set.classes == [
        ("applauding", 1, "applauding"),
        ("blowing_bubbles", 2, "blowing bubbles"),
    ]
    assert len(image_set.images) == 9
    assert image_set.images[0][:3] == (
        "applauding_001.jpg",
        "JPEGImages/applauding_001.jpg",
        "applauding",
    )
    assert subsets(image_set.splits, "train") == {
        "1": {a: [f"{a}_001.jpg", f"{a}_002.jpg"] for a in ("applauding", "blowing_bubbles")}
    }
    assert {k: len(v) for k, v in subsets(image_set.splits, "test")["1"].items()} == {
        "applauding": 3,
        "blowing_bubbles": 2,
    }
    assert image_set.boxes == []
    assert image_set.summary.notes == [
        "9 images and 2 classes found instead of 9,532 and 40.",
        "A split trains on 4 images instead of 4,000 and tests on 5 instead of 5,532.",
        "6 images of the official lists not found.",
    ]


def test_actions_without_a_list_or_an_image_are_refused(actions, refused):
    spec = split_spec("action40")
    (actions / "ImageSplits" / "walking_test.txt").rename(actions / "kept.txt")
    refused(read_action40, actions, spec, "walking_test.txt", "not found")
    (actions / "kept.txt").rename(actions / "ImageSplits" / "walking_test.txt")
    (actions / "JPEGImages").rename(actions / "elsewhere")
    refused(read_action40, actions, spec, actions / "JPEGImages", "no image of an action")
    (actions / "ImageSplits" / "actions.txt").unlink()
    refused(read_action40, actions, spec, "actions.txt", "not found")
