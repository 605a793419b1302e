import pytest
from PIL import Image
from torchvision.datasets import Caltech101, Caltech256

from pipeline_lib.common.images import open_rgb
from pipeline_lib.data.transfer.folders import (
    read_caltech101,
    read_caltech256,
    read_event8,
    read_scene15,
)
from pipeline_lib.data.transfer.sets import split_spec


def numbered(folder, count, form="image_{:04}.jpg"):
    return [f"{folder}/{form.format(i)}" for i in range(1, count + 1)]


def test_scenes_are_listed_by_folder(plant):
    root = plant(*numbered("coast", 4), *numbered("tall_building", 3), "readme.txt")
    image_set = read_scene15(root, split_spec("scene15", train=2, splits=2))
    assert image_set.images[0] == (
        "coast/image_0001.jpg",
        "coast/image_0001.jpg",
        "coast",
        "",
        "",
        0,
    )
    assert [row[0] for row in image_set.images] == numbered("coast", 4) + numbered(
        "tall_building", 3
    )
    assert image_set.classes == [("coast", 1, "coast"), ("tall_building", 2, "tall building")]
    assert image_set.boxes == []
    assert {row[0] for row in image_set.splits} == {"1", "2"}


def test_what_is_no_image_is_passed_over(plant):
    images = ["a/1.jpg", "a/2.JPG", "a/3.jpeg", "a/4.JPEG", "a/5.Jpg"]
    root = plant(
        *images,
        *("a/Thumbs.db", "a/.DS_Store", "a/._1.jpg", "a/notes.txt", "a/jpg", "a/6.jpg.part"),
        *("a/stray/7.jpg", "a/8.jpg/9.txt"),  # a folder, and one called like an image
        *(".hidden/1.jpg", "b/Thumbs.db", "loose.jpg"),
    )
    (root / "c").mkdir()
    image_set = read_scene15(root, split_spec("scene15", train=2))
    assert sorted(row[0] for row in image_set.images) == images
    assert [row[0] for row in image_set.classes] == ["a"]


def test_links_to_images_and_folders_count(plant, tmp_path):
    root = plant("else/where/1.jpg", "set/a/2.jpg") / "set"
    (root / "a" / "3.jpg").symlink_to(tmp_path / "else" / "where" / "1.jpg")
    (root / "b").symlink_to(tmp_path / "else" / "where")
    image_set = read_scene15(root, split_spec("scene15"))
    assert [row[0] for row in image_set.images] == ["a/2.jpg", "a/3.jpg", "b/1.jpg"]


def test_caltech101_is_torchvisions_without_the_background(plant):
    categories = {"Faces": 3, "Leopards": 2, "car_side": 4}
    base = "caltech101/101_ObjectCategories"
    for name, count in {**categories, "BACKGROUND_Google": 5}.items():
        root = plant(*numbered(f"{base}/{name}", count))
    plant(f"{base}/BACKGROUND_Google/tmp")  # the archive has this empty file
    theirs = Caltech101(root)
    theirs = sorted(
        f"{theirs.categories[y]}/image_{index:04}.jpg"
        for y, index in zip(theirs.y, theirs.index, strict=True)
    )
    image_set = read_caltech101(root / base, split_spec("caltech101", train=1))
    assert sorted(row[0] for row in image_set.images) == theirs
    assert [row[0] for row in image_set.classes] == sorted(categories)
    assert image_set.classes[-1][2] == "car side"


def test_caltech256_is_torchvisions_without_clutter_and_strays(plant):
    base = "caltech256/256_ObjectCategories"
    names = {1: "ak47", 56: "dog", 198: "spider", 252: "car-side-101", 257: "clutter"}
    for number, name in names.items():
        root = plant(*numbered(f"{base}/{number:03}.{name}", 3, f"{number:03}_{{:04}}.jpg"))
    plant(
        f"{base}/056.dog/greg/vision309/057_0001.jpg",
        f"{base}/198.spider/RENAME2",
    )
    theirs = Caltech256(root)
    theirs = [(theirs.categories[y], i) for y, i in zip(theirs.y, theirs.index, strict=True)]
    image_set = read_caltech256(root / base, split_spec("caltech256", train=1))
    assert [row[0] for row in image_set.images] == [
        f"{category}/{category[:3]}_{i:04}.jpg" for category, i in theirs if category[:3] != "257"
    ]
    assert image_set.classes == [
        ("001.ak47", 1, "ak47"),
        ("056.dog", 56, "dog"),
        ("198.spider", 198, "spider"),
        ("252.car-side-101", 252, "car-side-101"),
    ]


def test_folders_that_are_no_category_of_caltech256_are_passed_over(plant):
    root = plant("001.ak47/1.jpg", "001.ak47/2.jpg", "greg/1.jpg", "1.short/1.jpg")
    image_set = read_caltech256(root, split_spec("caltech256"))
    assert [row[0] for row in image_set.classes] == ["001.ak47"]


@pytest.mark.parametrize("below", ["", "event_img/"])
def test_events_lie_in_the_folder_or_in_event_img(plant, below):
    root = plant(*numbered(f"{below}RockClimbing", 9, "{}.jpg"), f"{below}RockClimbing/Thumbs.db")
    image_set = read_event8(root, split_spec("event8", train=4, test=3, splits=2))
    assert image_set.images[0][:3] == (
        "RockClimbing/1.jpg",
        f"{below}RockClimbing/1.jpg",
        "RockClimbing",
    )
    assert len(image_set.splits) == 2 * (4 + 3)
    assert all((root / row[1]).is_file() for row in image_set.images)


def test_a_whole_set_split_as_in_the_paper_needs_no_note(plant):
    root = plant(*(name for i in range(15) for name in numbered(f"scene{i:02}", 299)))
    image_set = read_scene15(root, split_spec("scene15"))
    assert (image_set.summary.data_set, image_set.summary.found) == ("Scene15", 4485)
    assert image_set.summary.expected == 4485
    assert image_set.summary.notes == []


def test_what_differs_from_the_paper_is_said(plant):
    root = plant(
        *numbered("polo", 9), *numbered("bocce", 7), *numbered("rowing", 3), *numbered("croquet", 1)
    )
    image_set = read_event8(root, split_spec("event8", train=5, test=3, splits=1))
    assert image_set.summary.notes == [
        "20 images and 4 classes found instead of 1,579 and 8.",
        "1 random split instead of 10.",
        "1 class left out: too few images to split.",
        "Trained on 5 images of a class instead of 70.",
        "1 of 3 classes with fewer than 5 training images, the smallest has 2.",
        "Tested on 3 images of a class instead of 60.",
        "2 of 3 classes with fewer than 3 test images, the smallest has 1.",
    ]
    assert "croquet" in {row[0] for row in image_set.classes}
    assert "croquet" not in {row[3] for row in image_set.splits}


def test_a_limit_on_the_test_images_is_said(plant):
    root = plant(*numbered("a", 40))
    notes = read_caltech101(root, split_spec("caltech101", test=4)).summary.notes
    assert "Tested on 4 images of a class instead of all others." in notes


def test_gray_cmyk_and_gif_behind_jpg_are_found_and_become_rgb(tmp_path):
    (tmp_path / "odd").mkdir()
    colour = (200, 40, 90)
    plain = Image.new("RGB", (9, 7), colour)
    plain.convert("L").save(tmp_path / "odd" / "1.jpg", "JPEG", quality=100)
    plain.convert("CMYK").save(tmp_path / "odd" / "2.jpg", "JPEG", quality=100)
    frames = {"save_all": True, "append_images": [Image.new("RGB", (9, 7))]}
    plain.save(tmp_path / "odd" / "3.JPG", "GIF", **frames)  # animated: the first frame counts
    image_set = read_scene15(tmp_path, split_spec("scene15", train=1))
    assert len(image_set.images) == 3
    gray = plain.convert("L").getpixel((0, 0))
    for (_, path, *_), expected in zip(
        image_set.images, [(gray,) * 3, colour, colour], strict=True
    ):
        opened = open_rgb(tmp_path / path, "stored")
        assert (opened.mode, opened.size) == ("RGB", (9, 7))
        assert opened.getpixel((4, 3)) == pytest.approx(expected, abs=4)


@pytest.mark.parametrize(
    ("reader", "layout"),
    [(read_scene15, "scene15"), (read_caltech101, "caltech101"), (read_event8, "event8")],
)
def test_no_class_folder_is_refused(plant, refused, tmp_path, reader, layout):
    plant("loose.jpg", "empty/readme.txt")
    refused(reader, tmp_path, split_spec(layout), tmp_path, "no folder of .jpg images")
    refused(reader, tmp_path / "absent", split_spec(layout), tmp_path / "absent")


def test_nothing_but_background_is_refused(plant, refused, tmp_path):
    plant("BACKGROUND_Google/image_0001.jpg", "257.clutter/257_0001.jpg")
    refused(read_caltech256, tmp_path, split_spec("caltech256"), tmp_path, "link the classes")
