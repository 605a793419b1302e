import shutil
import xml.etree.ElementTree as ET

import pytest
import scipy.io
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.ilsvrc import read_test, read_train, read_val

DEVKIT = "ILSVRC2012_devkit_t12/data"
LABELS = f"{DEVKIT}/ILSVRC2012_validation_ground_truth.txt"
BLACKLIST = "ILSVRC2014_clsloc_validation_blacklist.txt"
N = 20


@pytest.fixture
def world(tiny_world, tmp_path):
    """A copy to break."""
    return shutil.copytree(tiny_world, tmp_path / "ilsvrc")


def val_image(world, number):
    return world / "val" / f"ILSVRC2012_val_{number:08d}.JPEG"


def val_xml(world, number):
    return world / "bbox" / "val" / f"ILSVRC2012_val_{number:08d}.xml"


def rewrite(path, change):
    path.write_text(change(path.read_text()))


def labels_by_hand(world):
    """The WNID of every val image, straight from the devkit."""
    synsets = scipy.io.loadmat(world / DEVKIT / "meta.mat", squeeze_me=True)["synsets"]
    wnid_of = {int(row["ILSVRC2012_ID"]): str(row["WNID"]) for row in synsets}
    return [wnid_of[int(line)] for line in (world / LABELS).read_text().split()]


def boxes_by_hand(world):
    """The boxes as the files have them, inclusive."""
    found = []
    for path in sorted((world / "bbox" / "val").glob("*.xml")):
        for element in ET.parse(path).iter("bndbox"):
            corners = [int(element.find(tag).text) for tag in ("xmin", "ymin", "xmax", "ymax")]
            found.append((path.stem, *corners))
    return found


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
    found = read_val(tiny_world, N)
    assert found.summary.found == found.summary.expected == N
    assert [row[0] for row in found.images] == [f"ILSVRC2012_val_{i:08d}" for i in range(1, N + 1)]
    assert [row[2] for row in found.images] == labels_by_hand(tiny_world)
    for _, path, _, width, height, _ in found.images:
        with Image.open(tiny_world / path) as image:
            assert image.size == (width, height)


def test_inclusive_boxes_become_half_open_ones(tiny_world):
    found = read_val(tiny_world, N)
    expected = [
        (name, x0, y0, x1 + 1, y1 + 1) for name, x0, y0, x1, y1 in boxes_by_hand(tiny_world)
    ]
    assert [(name, *box) for name, _, *box in found.boxes] == expected
    assert len(expected) > N  # some images have several
    label_of = {row[0]: row[2] for row in found.images}
    assert all(label == label_of[name] for name, label, *_ in found.boxes)


def test_classes_are_the_leaves_in_sorted_wnid_order_which_is_not_the_ids(tiny_world):
    for found in (read_val(tiny_world, N), read_train(tiny_world)):
        wnids, ids, names = zip(*found.classes, strict=True)
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
    found = read_val(world, N)
    assert len(found.images) == N
    without = {row[0] for row in found.images} - {row[0] for row in found.boxes}
    assert without == {val_xml(world, number).stem for number in (2, 9, 20)}
    assert any(note.startswith("3 images have no box file") for note in found.summary.box_notes)
    assert found.summary.notes == []


def test_missing_images_are_counted_and_the_others_keep_their_labels(world):
    for number in (1, 7):
        val_image(world, number).unlink()
    found = read_val(world, N)
    assert found.summary.found == N - 2
    assert found.summary.expected == N
    assert found.summary.notes == [f"{N - 2} of {N} val images found."]
    assert not any("found" in note for note in found.summary.box_notes)
    kept = [label for i, label in enumerate(labels_by_hand(world), 1) if i not in (1, 7)]
    assert [row[2] for row in found.images] == kept
    assert {row[0] for row in found.boxes} == {row[0] for row in found.images}


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
    found = read_val(world, N)
    marked = [number for number, row in enumerate(found.images, 1) if row[-1] == 1]
    assert marked == [3, 7, 20]
    assert [note[:14] for note in found.summary.box_notes] == ["3 blacklisted "]
    assert found.summary.notes == []


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
        resized = image.resize((2 * width, 3 * height))
    resized.save(val_image(world, 6))
    found = read_val(world, N)
    after = [box for box in found.boxes if box[0].endswith("06")]
    assert len(before) == len(after) >= 1
    for (*_, x0, y0, x1, y1), (*_, u0, v0, u1, v1) in zip(before, after, strict=True):
        assert (u0, v0, u1, v1) == pytest.approx((2 * x0, 3 * y0, 2 * x1, 3 * y1))
    assert [box for box in found.boxes if not box[0].endswith("06")] == [
        box for box in untouched if not box[0].endswith("06")
    ]
    assert found.images[5][3:5] == (2 * width, 3 * height)
    assert any(note.startswith("1 images differ in size") for note in found.summary.box_notes)
    assert found.summary.notes == []


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
    found = read_val(world, N)
    assert [(row[0], *row[2:]) for row in found.images] == [
        (row[0], *row[2:]) for row in flat.images
    ]
    assert found.boxes == flat.boxes


def test_train_lists_every_image_under_the_class_of_its_folder(tiny_world):
    found = read_train(tiny_world)
    files = sorted(path.relative_to(tiny_world) for path in tiny_world.glob("train/*/*.JPEG"))
    assert len(files) == found.summary.found == 24
    assert sorted((row[1], row[2]) for row in found.images) == [
        (str(path), path.parts[1]) for path in files
    ]
    assert found.boxes == []


def test_train_images_may_have_other_extensions_and_other_files_are_ignored(world):
    folder = next((world / "train").iterdir())
    first = next(folder.iterdir())
    first.rename(first.with_suffix(".jpg"))
    (folder / "readme.txt").touch()
    found = read_train(world)
    assert len(found.images) == 24
    assert str(first.with_suffix(".jpg").relative_to(world)) in {row[1] for row in found.images}


def test_a_train_folder_of_no_known_class_is_refused(world):
    (world / "train" / "n12345678").mkdir()
    with pytest.raises(InputError, match="n12345678"):
        read_train(world)


def test_an_empty_train_folder_is_refused(world):
    shutil.rmtree(world / "train")
    with pytest.raises(InputError, match="train"):
        read_train(world)


def add_test_images(world, count=3):
    """Number the first train images as test images, of known sizes."""
    (world / "test").mkdir()
    for number in range(1, count + 1):
        path = world / "test" / f"ILSVRC2012_test_{number:08d}.JPEG"
        Image.new("RGB", (20 + number, 30)).save(path)


def test_test_images_have_sizes_and_neither_labels_nor_boxes(world):
    add_test_images(world)
    found = read_test(world)
    names = [f"ILSVRC2012_test_{number:08d}" for number in (1, 2, 3)]
    assert found.images == [
        (name, f"test/{name}.JPEG", "", 21 + n, 30, 0) for n, name in enumerate(names)
    ]
    assert found.boxes == []
    assert found.classes == read_val(world, N).classes
    assert (found.summary.found, found.summary.expected) == (3, None)
    assert found.summary.notes == found.summary.box_notes == []


def test_test_images_need_no_labels_no_boxes_and_no_val_images(world):
    add_test_images(world)
    before = read_test(world)
    for folder in ("val", "bbox", "train"):
        shutil.rmtree(world / folder)
    (world / LABELS).unlink()
    (world / DEVKIT / BLACKLIST).unlink()
    assert read_test(world) == before


def test_test_images_come_in_the_order_of_their_numbers_wherever_they_lie(world):
    add_test_images(world)
    before = [(row[0], row[3]) for row in read_test(world).images]
    first, second, third = sorted((world / "test").iterdir())
    for part, path in (("z", first), ("a", third)):
        (world / "test" / part).mkdir()
        path.rename(world / "test" / part / path.name)
    second.rename(second.with_suffix(".jpg"))
    shutil.copy(val_image(world, 1), world / "test")  # strays are left alone
    (world / "test" / "readme.txt").touch()
    found = read_test(world)
    assert [(row[0], row[3]) for row in found.images] == before
    assert all((world / row[1]).is_file() for row in found.images)


def test_val_does_not_see_test_images(world):
    before = read_val(world, N)
    add_test_images(world)
    for path in sorted((world / "test").iterdir()):
        shutil.copy(path, world / "val")
    assert read_val(world, N) == before


@pytest.mark.parametrize("strays", [[], ["holiday.JPEG"], ["ILSVRC2012_val_00000001.JPEG"]])
def test_a_folder_without_a_test_image_is_refused(world, strays):
    (world / "test").mkdir()
    for name in strays:
        (world / "test" / name).touch()
    with pytest.raises(InputError, match=f"{world / 'test'}: no image named ILSVRC2012_test_"):
        read_test(world)


def test_a_test_image_that_is_none_is_refused_by_name(world):
    add_test_images(world)
    (world / "test" / "ILSVRC2012_test_00000002.JPEG").write_bytes(b"")
    with pytest.raises(InputError, match="ILSVRC2012_test_00000002"):
        read_test(world)
