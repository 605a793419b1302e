"""The synthetic transfer sets against the published layouts, read by independent parsers."""

import itertools
import re
import xml.etree.ElementTree as ET
from collections import Counter

import pytest
import scipy.io
import yaml
from PIL import Image

from pipeline_lib.data.synthetic import transfer

from .conftest import draw_sets, tree

FOLDERS = {
    *("SUN397", "indoorCVPR_09", "scene_categories", "SUNAttributeDB", "101_ObjectCategories"),
    *("256_ObjectCategories", "Stanford40", "event_dataset", "CUB_200_2011"),
}


def lines(path):
    return path.read_text().splitlines()


def opened(path):
    with Image.open(path) as image:
        image.load()
        return image


def by_class(folder, pattern="*.jpg"):
    return {each.name: sorted(each.glob(pattern)) for each in folder.iterdir() if each.is_dir()}


def test_the_nine_sets_lie_where_the_workflow_looks_for_them(sets, repository):
    assert {path.name for path in sets.iterdir()} == FOLDERS
    listed = yaml.safe_load((repository / "pipeline_lib/data/transfer.yaml").read_text())
    assert {entry["folder"] for entry in listed.values()} == FOLDERS
    assert {path.name for path in sets.parent.iterdir()} == {"transfer"}


def test_all_together_are_few(sets):
    images = [path for path in sets.rglob("*") if path.suffix.lower() == ".jpg"]
    assert 1500 < len(images) <= 1900
    assert all(min(opened(path).size) >= 112 for path in images[::10])


def test_no_two_images_are_the_same(sets):
    images = [digest for path, digest in tree(sets).items() if path.lower().endswith(".jpg")]
    assert len(set(images)) == len(images)


@pytest.mark.slow
def test_processes_and_other_sets_change_no_byte(sets, tmp_path, monkeypatch):
    some = ("SUN397", "SUNAttributeDB", "CUB_200_2011")
    few = {name: transfer.WRITERS[name] for name in some}
    monkeypatch.setattr(transfer, "WRITERS", few)
    again = tree(draw_sets(tmp_path / "again", 3, 2))
    assert again == {path: digest for path, digest in tree(sets).items() if path.startswith(some)}
    monkeypatch.setattr(transfer, "WRITERS", {"CUB_200_2011": few["CUB_200_2011"]})
    other = tree(draw_sets(tmp_path / "other", 4, 2))
    assert not set(other.values()) & {
        digest for path, digest in again.items() if path.endswith(".jpg")
    }


def test_sun397(sets):
    root = sets / "SUN397"
    names = lines(root / "ClassName.txt")
    assert names == sorted(names)
    assert names == lines(root / "Partitions/ClassName.txt")
    images = {path.relative_to(root).as_posix() for path in root.rglob("*.jpg")}
    for name in names:
        assert re.fullmatch(r"/([a-z])/\1[a-z_]+(/[a-z]+)?", name)
    assert sum(name.count("/") == 3 for name in names) == 1  # as apartment_building/outdoor
    assert all(re.fullmatch(r"[a-z]/.+/sun_[a-z]{16}\.jpg", image) for image in images)
    assert {f"/{image.rpartition('/')[0]}" for image in images} == set(names)
    partitions = sorted(path.stem for path in (root / "Partitions").glob("T*.txt"))
    assert partitions == [f"{part}_0{n}" for part in ("Testing", "Training") for n in (1, 2, 3)]
    listed = {part: lines(root / f"Partitions/{part}.txt") for part in partitions}
    for number in (1, 2, 3):
        train, test = (listed[f"{part}_0{number}"] for part in ("Training", "Testing"))
        assert not set(train) & set(test)
        for part, count in ((train, 12), (test, 10)):
            assert {image.removeprefix("/") for image in part} <= images
            assert Counter(image.rpartition("/")[0] for image in part) == dict.fromkeys(
                names, count
            )
    for one, other in itertools.combinations((1, 2, 3), 2):
        assert set(listed[f"Training_0{one}"]) != set(listed[f"Training_0{other}"])
    formats = Counter(opened(root / image).format for image in images)
    assert formats == {"GIF": 1, "JPEG": len(images) - 1}


def test_indoor67(sets):
    root = sets / "indoorCVPR_09"
    images = {path.relative_to(root / "Images").as_posix() for path in root.glob("Images/*/*")}
    train, test = (lines(root / f"{part}Images.txt") for part in ("Train", "Test"))
    assert sorted(images) == sorted(train + test)
    assert {path.rpartition(".")[2] for path in images} == {"jpg", "JPG"}
    for part, count in ((train, 12), (test, 10)):
        assert set(Counter(path.split("/")[0] for path in part).values()) == {count}
    assert len({path.split("/")[0] for path in train}) >= 6


def test_scene15(sets):
    modes = Counter()
    for images in by_class(sets / "scene_categories").values():
        assert [path.name for path in images] == [f"image_{n:04}.jpg" for n in range(1, 23)]
        modes.update(opened(path).mode for path in images)
    assert modes["L"] > 0.8 * sum(modes.values())
    assert modes["RGB"] > 0


def test_sun_attribute(sets):
    root = sets / "SUNAttributeDB"
    names = [str(row[0][0]) for row in scipy.io.loadmat(root / "images.mat")["images"]]
    attributes = [str(row[0][0]) for row in scipy.io.loadmat(root / "attributes.mat")["attributes"]]
    votes = scipy.io.loadmat(root / "attributeLabels_continuous.mat")["labels_cv"]
    there = {path.relative_to(root / "images").as_posix() for path in root.rglob("*.jpg")}
    assert len(names) == len(there)
    assert set(names) == there
    assert all(re.fullmatch(r"([a-z])/\1[a-z_]+/sun_[a-z]{16}\.jpg", name) for name in names)
    assert votes.shape == (len(names), len(attributes))
    assert len(set(attributes)) == len(attributes) >= 6
    assert set((votes * 3).round(9).ravel()) == {0, 1, 2, 3}
    for column in votes.T:  # 12 to train on and as many to test on, with it and without
        assert (column > 0.6).sum() >= 24
        assert (column == 0).sum() >= 24


def test_caltech101(sets):
    folders = by_class(sets / "101_ObjectCategories")
    assert "BACKGROUND_Google" in folders
    for name, images in folders.items():
        assert [path.name for path in images] == [
            f"image_{n:04}.jpg" for n in range(1, len(images) + 1)
        ]
        assert len(images) == (12 if name == "BACKGROUND_Google" else 22)
        assert Counter(opened(path).mode for path in images)["L"] == 1


def test_caltech256(sets):
    root = sets / "256_ObjectCategories"
    folders = by_class(root)
    assert {"056.dog", "198.spider", "257.clutter"} <= set(folders)
    modes = Counter()
    for name, images in folders.items():
        number = re.fullmatch(r"(\d{3})\.\w+", name)[1]
        assert [path.name for path in images] == [
            f"{number}_{n:04}.jpg" for n in range(1, len(images) + 1)
        ]
        modes.update(opened(path).mode for path in images)
    assert modes["CMYK"] == modes["L"] == len(folders)
    assert list((root / "056.dog/greg").glob("*.jpg"))
    assert (root / "198.spider/RENAME2").is_file()


def test_cmyk_files_show_what_they_would_show_in_rgb(sets):
    images = by_class(sets / "256_ObjectCategories")["257.clutter"]
    cmyk = next(path for path in images if opened(path).mode == "CMYK")
    others = [opened(path).convert("L").resize((1, 1)).getpixel((0, 0)) for path in images]
    brightness = opened(cmyk).convert("L").resize((1, 1)).getpixel((0, 0))
    assert (
        min(others) - 40 < brightness < max(others) + 40
    )  # inverted, it would be as dark as light


def test_action40(sets):
    root = sets / "Stanford40"
    header, *counts = (line.split() for line in lines(root / "ImageSplits/actions.txt"))
    assert not header[1].isdigit()
    images = {path.name for path in (root / "JPEGImages").iterdir()}
    listed = []
    for action, count in counts:
        train, test = (
            lines(root / f"ImageSplits/{action}_{part}.txt") for part in ("train", "test")
        )
        assert (len(train), len(test)) == (12, 10)
        assert sorted(train + test) == [f"{action}_{n:03}.jpg" for n in range(1, int(count) + 1)]
        listed += train + test
    assert sorted(listed) == sorted(images)
    for name in images:
        annotation = ET.parse(root / "XMLAnnotations" / name.replace(".jpg", ".xml")).getroot()
        assert annotation.findtext("filename") == name
        (person,) = annotation.findall("object")
        assert person.findtext("name") == "person"
        assert name.startswith(f"{person.findtext('action')}_")
        corners = [int(person.findtext(f"bndbox/{at}")) for at in ("xmin", "ymin", "xmax", "ymax")]
        width, height = opened(root / "JPEGImages" / name).size
        assert 0 <= corners[0] < corners[2] <= width - 1
        assert 0 <= corners[1] < corners[3] <= height - 1


def test_event8(sets):
    folders = by_class(sets / "event_dataset/event_img")
    assert len(folders) == 8
    for name, images in folders.items():
        assert len(images) == 22
        everything = {path.name for path in (sets / "event_dataset/event_img" / name).iterdir()}
        assert everything == {path.name for path in images} | {"Thumbs.db"}


def test_cub(sets):
    root = sets / "CUB_200_2011"
    table = {
        name: [line.split(" ", 1) for line in lines(root / f"{name}.txt")]
        for name in (
            *("images", "image_class_labels", "classes", "train_test_split", "bounding_boxes"),
        )
    }
    for rows in table.values():
        assert [row[0] for row in rows] == [str(n) for n in range(1, len(rows) + 1)]
    images, labels, classes, split, boxes = ([row[1] for row in rows] for rows in table.values())
    assert len(images) == len(labels) == len(split) == len(boxes)
    assert len(classes) == 10
    there = sorted(path.relative_to(root / "images").as_posix() for path in root.rglob("*.jpg"))
    assert sorted(images) == there
    parts = Counter(zip(labels, split, strict=True))
    assert set(parts.values()) == {15}
    assert len(parts) == 20
    for image, label, box in zip(images, labels, boxes, strict=True):
        species = classes[int(label) - 1]
        assert re.fullmatch(rf"{int(label):03}\.\w+", species)
        assert re.fullmatch(rf"{species}/{species[4:]}_\d{{4}}_\d{{6}}\.jpg", image)
        assert re.fullmatch(r"\d+\.\d \d+\.\d \d+\.\d \d+\.\d", box)
        x, y, width, height = map(float, box.split())
        size = opened(root / "images" / image).size
        assert x + width <= size[0]
        assert y + height <= size[1]
        assert 0.3 < max(width, height) / min(size) < 0.7


@pytest.mark.parametrize("side", [0.4, 0.5, 0.6, 0.7])
def test_a_centred_box_finds_no_birds(sets, side):
    root = sets / "CUB_200_2011"
    is_correct = []
    for image, box in zip(
        lines(root / "images.txt"), lines(root / "bounding_boxes.txt"), strict=True
    ):
        x, y, w, h = map(float, box.split()[1:])
        width, height = opened(root / "images" / image.split()[1]).size
        across = min(x + w, width * (1 + side) / 2) - max(x, width * (1 - side) / 2)
        down = min(y + h, height * (1 + side) / 2) - max(y, height * (1 - side) / 2)
        shared = max(across, 0) * max(down, 0)
        is_correct.append(shared / (w * h + side * side * width * height - shared) >= 0.5)
    assert sum(is_correct) < 0.25 * len(is_correct)
