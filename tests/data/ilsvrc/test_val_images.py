"""Val images with their labels and boxes, and every way in which the files can be wrong."""

import shutil
import xml.etree.ElementTree as ET

import pytest
import scipy.io
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.ilsvrc import read_train, read_val
from tests.data.ilsvrc.devkit import (
    BLACKLIST,
    DEVKIT,
    LABELS,
    N,
    boxes_by_hand,
    labels_by_hand,
    rewrite,
    val_image,
    val_xml,
)


def refused(world, *words):
    with pytest.raises(InputError) as caught:
        read_val(world, N)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert str(word) in message
    return message


def notes(world):
    """The remarks under every table, and those under tables that score boxes."""
    summary = read_val(world, N).summary
    return summary.notes, summary.box_notes


def test_every_image_is_listed_with_its_label_and_size(tiny_world):
    image_set = read_val(tiny_world, N)
    assert image_set.summary.found == image_set.summary.expected == N
    assert [row[0] for row in image_set.images] == [
        f"ILSVRC2012_val_{i:08d}" for i in range(1, N + 1)
    ]
    assert [row[2] for row in image_set.images] == labels_by_hand(tiny_world)
    for _, path, _, width, height, _ in image_set.images:
        with Image.open(tiny_world / path) as image:
            assert image.size == (width, height)


def test_inclusive_boxes_become_half_open_ones(tiny_world):
    image_set = read_val(tiny_world, N)
    expected = [
        (name, x0, y0, x1 + 1, y1 + 1) for name, x0, y0, x1, y1 in boxes_by_hand(tiny_world)
    ]
    assert [(name, *box) for name, _, *box in image_set.boxes] == expected
    assert len(expected) > N  # some images have several
    label_of = {row[0]: row[2] for row in image_set.images}
    assert all(label == label_of[name] for name, label, *_ in image_set.boxes)


def test_masks_are_listed_where_they_are(world):
    names = [f"ILSVRC2012_val_{i:08d}" for i in range(1, N + 1)]
    assert read_val(world, N).masks == [(name, f"masks/val/{name}.png", "") for name in names]
    (world / "masks" / "val" / f"{names[3]}.png").unlink()
    assert [row[0] for row in read_val(world, N).masks] == names[:3] + names[4:]
    (world / "masks" / "val" / f"{names[3]}.png").symlink_to("/nowhere")  # reading it will fail
    assert [row[0] for row in read_val(world, N).masks] == names
    shutil.rmtree(world / "masks")
    without = read_val(world, N)
    assert without.masks == []
    assert (without.summary.notes, without.summary.box_notes) == notes(world)


def test_classes_are_the_leaves_in_sorted_wnid_order_which_is_not_the_ids(tiny_world):
    for image_set in (read_val(tiny_world, N), read_train(tiny_world)):
        wnids, ids, names = zip(*image_set.classes, strict=True)
        assert list(wnids) == sorted(path.name for path in (tiny_world / "train").iterdir())
        assert sorted(ids) == list(range(1, len(ids) + 1))
        assert list(ids) != sorted(ids)
        assert all(names)


def test_inner_synsets_are_no_classes(tiny_world):
    synsets = scipy.io.loadmat(tiny_world / DEVKIT / "meta.mat", squeeze_me=True)["synsets"]
    inner = {str(row["WNID"]) for row in synsets if row["num_children"] > 0}
    assert inner
    assert inner.isdisjoint(wnid for wnid, _, _ in read_val(tiny_world, N).classes)


def test_a_label_that_is_an_inner_synset_is_refused(world):
    rewrite(world / LABELS, lambda text: "11\n" + text.split("\n", 1)[1])
    refused(world, LABELS, "11")


@pytest.mark.parametrize("kept", [0, 1, N - 1])
def test_a_truncated_devkit_is_refused(world, kept):
    rewrite(world / LABELS, lambda text: "".join(text.splitlines(keepends=True)[:kept]))
    refused(world, LABELS, kept, N)


def test_a_devkit_with_too_many_labels_is_refused(world):
    rewrite(world / LABELS, lambda text: text + "1\n")
    refused(world, LABELS, N + 1)


def test_labels_that_are_no_numbers_are_refused(world):
    rewrite(world / LABELS, lambda text: text.replace("1", "one", 1))
    refused(world, LABELS)


@pytest.mark.parametrize(
    "missing",
    [
        LABELS,
        f"{DEVKIT}/meta.mat",
    ],
)
def test_a_missing_devkit_file_is_refused_by_name(world, missing):
    (world / missing).unlink()
    refused(world, missing, "not found")


@pytest.mark.parametrize(
    "content",
    [
        b"not a mat file" * 50,
        b"",
    ],
)
def test_a_spoiled_meta_file_is_refused_by_name(world, content):
    (world / DEVKIT / "meta.mat").write_bytes(content)
    refused(world, "meta.mat")


def test_a_truncated_meta_file_is_refused_by_name(world):
    path = world / DEVKIT / "meta.mat"
    path.write_bytes(path.read_bytes()[:1000])
    refused(world, "meta.mat")


def test_an_xml_file_without_a_box_is_refused(world):
    path = val_xml(world, 4)
    tree = ET.parse(path)
    for element in tree.findall("object"):
        tree.getroot().remove(element)
    tree.write(path)
    refused(world, path, "no box")


def test_an_xml_file_that_names_another_class_is_refused(world):
    path = val_xml(world, 4)
    label = labels_by_hand(world)[3]
    rewrite(path, lambda text: text.replace(label, "n00000042"))
    refused(world, path, label, "n00000042")


def test_a_truncated_xml_file_is_refused(world):
    path = val_xml(world, 4)
    rewrite(path, lambda text: text[: len(text) // 2])
    refused(world, path)


@pytest.mark.parametrize("tag", ["width", "xmin", "ymax"])
def test_an_xml_file_without_a_number_is_refused(world, tag):
    path = val_xml(world, 4)
    rewrite(path, lambda text: text.replace(f"<{tag}>", f"<{tag}>x"))
    refused(world, path)


def test_a_box_that_ends_before_it_begins_is_refused(world):
    path = val_xml(world, 4)
    tree = ET.parse(path)
    tree.find(".//xmax").text = str(int(tree.find(".//xmin").text) - 1)
    tree.write(path)
    refused(world, path, "empty box")


def test_a_box_of_one_pixel_is_a_box(world):
    path = val_xml(world, 4)
    tree = ET.parse(path)
    for low, high in (("xmin", "xmax"), ("ymin", "ymax")):
        tree.find(f".//{high}").text = tree.find(f".//{low}").text
    tree.write(path)
    first = next(box for name, _, *box in read_val(world, N).boxes if name == path.stem)
    assert (first[2] - first[0], first[3] - first[1]) == (1, 1)


def test_missing_box_files_are_counted_and_the_images_stay(world):
    for number in (2, 9, 20):
        val_xml(world, number).unlink()
    image_set = read_val(world, N)
    assert len(image_set.images) == N
    without = {row[0] for row in image_set.images} - {row[0] for row in image_set.boxes}
    assert without == {val_xml(world, number).stem for number in (2, 9, 20)}
    assert any(note.startswith("3 images have no box file") for note in image_set.summary.box_notes)
    assert image_set.summary.notes == []


def test_missing_images_are_counted_and_the_others_keep_their_labels(world):
    for number in (1, 7):
        val_image(world, number).unlink()
    image_set = read_val(world, N)
    assert image_set.summary.found == N - 2
    assert image_set.summary.expected == N
    assert image_set.summary.notes == [f"{N - 2} of {N} val images found."]
    assert not any("found" in note for note in image_set.summary.box_notes)
    kept = [label for i, label in enumerate(labels_by_hand(world), 1) if i not in (1, 7)]
    assert [row[2] for row in image_set.images] == kept
    assert {row[0] for row in image_set.boxes} == {row[0] for row in image_set.images}


def test_a_whole_set_needs_no_remark_but_the_blacklist(world):
    every, (note,) = notes(world)
    assert every == []
    assert "blacklist" in note


def test_no_image_at_all_is_refused(world):
    shutil.rmtree(world / "val")
    refused(world, world / "val")
    (world / "val").mkdir()
    (world / "val" / "holiday.JPEG").touch()
    refused(world, world / "val")


def test_a_file_that_is_no_image_is_refused_by_name(world):
    val_image(world, 5).write_bytes(b"")
    refused(world, val_image(world, 5))


def test_an_image_beyond_the_labels_is_refused(world):
    shutil.copy(val_image(world, 1), val_image(world, N + 1))
    refused(world, val_image(world, N + 1))


def test_a_missing_blacklist_is_noted(world):
    (world / DEVKIT / BLACKLIST).unlink()
    every, (note,) = notes(world)
    assert every == []
    assert note.startswith("No blacklist")
    assert not any(row[-1] for row in read_val(world, N).images)


@pytest.mark.parametrize("folder", [DEVKIT, "ILSVRC2014_devkit/data"])
def test_blacklisted_images_are_marked_and_counted(world, folder):
    (world / DEVKIT / BLACKLIST).unlink()
    (world / folder).mkdir(parents=True, exist_ok=True)
    (world / folder / BLACKLIST).write_text("3\n7\n20\n")
    image_set = read_val(world, N)
    marked = [number for number, row in enumerate(image_set.images, 1) if row[-1] == 1]
    assert marked == [3, 7, 20]
    assert [note[:14] for note in image_set.summary.box_notes] == ["3 blacklisted "]
    assert image_set.summary.notes == []


def test_blacklisted_images_that_are_not_there_are_not_counted(world):
    (world / DEVKIT / BLACKLIST).write_text("3\n7\n20\n")
    val_image(world, 7).unlink()
    every, (note,) = notes(world)
    assert every == [f"{N - 1} of {N} val images found."]
    assert note.startswith("2 blacklisted ")


@pytest.mark.parametrize("content", ["0\n", f"{N + 1}\n", "ILSVRC2012_val_00000001\n"])
def test_a_blacklist_that_names_no_image_is_refused(world, content):
    (world / DEVKIT / BLACKLIST).write_text(content)
    refused(world, BLACKLIST)


def test_boxes_follow_images_that_were_resized(world):
    untouched = read_val(world, N).boxes
    before = [box for box in untouched if box[0].endswith("06")]
    with Image.open(val_image(world, 6)) as image:
        width, height = image.size
        resized = image.resize((3 * width, 3 * height))
    resized.save(val_image(world, 6))
    image_set = read_val(world, N)
    after = [box for box in image_set.boxes if box[0].endswith("06")]
    assert len(before) == len(after) >= 1
    for (*_, x0, y0, x1, y1), (*_, u0, v0, u1, v1) in zip(before, after, strict=True):
        assert (u0, v0, u1, v1) == pytest.approx((3 * x0, 3 * y0, 3 * x1, 3 * y1))
    assert [box for box in image_set.boxes if not box[0].endswith("06")] == [
        box for box in untouched if not box[0].endswith("06")
    ]
    assert image_set.images[5][3:5] == (3 * width, 3 * height)
    assert any(note.startswith("1 images differ in size") for note in image_set.summary.box_notes)
    assert image_set.summary.notes == []


def test_val_images_in_folders_by_wnid_are_the_same_images(world):
    flat = read_val(world, N)
    for number, label in enumerate(labels_by_hand(world), 1):
        (world / "val" / label).mkdir(exist_ok=True)
        val_image(world, number).rename(world / "val" / label / val_image(world, number).name)
    nested = read_val(world, N)
    assert nested.boxes == flat.boxes
    for there, here in zip(nested.images, flat.images, strict=True):
        assert there[0] == here[0]
        assert there[2:] == here[2:]
        assert there[1] == f"val/{there[2]}/{there[0]}.JPEG"
        assert (world / there[1]).is_file()


@pytest.mark.parametrize("suffix", [".jpeg", ".jpg", ".JPG"])
def test_other_spellings_of_the_extension_are_found(world, suffix):
    flat = read_val(world, N)
    for number in range(1, N + 1):
        val_image(world, number).rename(val_image(world, number).with_suffix(suffix))
    image_set = read_val(world, N)
    assert [(row[0], *row[2:]) for row in image_set.images] == [
        (row[0], *row[2:]) for row in flat.images
    ]
    assert image_set.boxes == flat.boxes
