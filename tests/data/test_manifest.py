import math

import pandas as pd
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import (
    BOX_COLUMNS,
    CLASS_COLUMNS,
    IMAGE_COLUMNS,
    SPLIT_COLUMNS,
    VIEW,
    ImageSet,
    Summary,
    read_csv,
    read_file_settings,
    read_images,
    write_csv,
    write_rows,
)

IMAGES = [
    ("a", "val/a.JPEG", "n1", 640, 480, 0),
    ("007", "val/with, comma.JPEG", "", 1, 2, 1),
    ('"x"', "Zürich ü.jpg", "n2", 3, 4, 0),
]


def rows(frame):
    return [tuple(row) for row in frame.itertuples(index=False)]


def test_images_read_back_as_they_were_written(tmp_path):
    written = [(*row, view) for row, view in zip(IMAGES, ("stored", "shown") * 9, strict=False)]
    write_rows(tmp_path / "images.csv", (*IMAGE_COLUMNS, VIEW), written)
    assert rows(read_images(tmp_path / "images.csv")) == written


def test_images_of_earlier_versions_are_as_stored(tmp_path):
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, IMAGES)
    assert rows(read_images(tmp_path / "images.csv")) == [(*row, "stored") for row in IMAGES]


def test_an_unknown_view_is_refused(tmp_path):
    write_rows(tmp_path / "images.csv", (*IMAGE_COLUMNS, VIEW), [(*IMAGES[0], "sideways")])
    with pytest.raises(InputError, match=r"images.csv: 'sideways' is no view; delete it and rerun"):
        read_images(tmp_path / "images.csv")


def test_boxes_keep_their_fractions_to_the_last_bit(tmp_path):
    boxes = [("a", "n1", 1 / 3, 0.1 + 0.2, 1e-7, 226.99999999999997)]
    write_rows(tmp_path / "boxes.csv", BOX_COLUMNS, boxes)
    ((_, _, *corners),) = rows(read_csv(tmp_path / "boxes.csv", BOX_COLUMNS))
    assert corners == pytest.approx(boxes[0][2:], rel=1e-15)


def test_sizes_that_are_left_empty_are_no_numbers_and_labels_stay_text(tmp_path):
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, [("a", "a.jpg", "", "", "", 0)])
    (row,) = read_images(tmp_path / "images.csv").itertuples()
    assert math.isnan(row.width)
    assert math.isnan(row.height)
    assert row.label == ""


@pytest.mark.parametrize("name", ["NA", "null", "nan", "None", "1e5", "0012", "a, b", 'say "x"'])
def test_names_that_look_like_something_else_stay_text(tmp_path, name):
    write_rows(tmp_path / "classes.csv", CLASS_COLUMNS, [(name, 3, name), ("n2", 4, "other")])
    frame = read_csv(tmp_path / "classes.csv", CLASS_COLUMNS)
    assert rows(frame) == [(name, 3, name), ("n2", 4, "other")]


def test_a_split_reads_back_as_it_was_written(tmp_path):
    splits = [("1", "train", "007", "012"), ("sailing/ boating", "test", "1e5", "present")]
    write_rows(tmp_path / "splits.csv", SPLIT_COLUMNS, splits)
    assert rows(read_csv(tmp_path / "splits.csv", SPLIT_COLUMNS)) == splits


def test_numbers_of_splits_and_classes_called_by_numbers_are_text(tmp_path):
    write_rows(tmp_path / "a.csv", ["split", "label", "class"], [("1", "001", "1e5")] * 2)
    assert rows(read_csv(tmp_path / "a.csv", ["class"])) == [("1", "001", "1e5")] * 2


@pytest.mark.parametrize("name", ["image #1.jpg", "#first.jpg"])
def test_a_number_sign_in_a_file_name_stays(tmp_path, name):
    images = [(name, name, "", 4, 5, 0), ("b", "b.jpg", "", 4, 5, 0)]
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, images)
    assert rows(read_images(tmp_path / "images.csv")[list(IMAGE_COLUMNS)]) == images


@pytest.mark.parametrize("columns", [IMAGE_COLUMNS, BOX_COLUMNS])
def test_an_empty_table_has_its_columns(tmp_path, columns):
    write_rows(tmp_path / "empty.csv", columns, [])
    frame = read_csv(tmp_path / "empty.csv", columns)
    assert frame.empty
    assert list(frame.columns) == list(columns)


def test_a_manifest_without_an_image_is_refused(tmp_path):
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, [])
    with pytest.raises(InputError, match=r"images\.csv"):
        read_images(tmp_path / "images.csv")


def test_what_a_table_was_made_from_is_asked_for(tmp_path):
    path = tmp_path / "boxes.csv"
    frame = pd.DataFrame([("a", 1.5)], columns=["image_id", "score"])
    write_csv(path, frame, made_from="0123abcd")
    assert rows(read_csv(path, frame.columns, made_from="0123abcd")) == [("a", 1.5)]
    assert rows(read_csv(path, frame.columns)) == [("a", 1.5)]
    for other in ("0123abce", "0123abc", "0123abcd0"):
        with pytest.raises(InputError, match=r"boxes\.csv: was not made from"):
            read_csv(path, frame.columns, made_from=other)


def test_a_table_that_does_not_say_what_it_was_made_from_is_refused_where_it_matters(tmp_path):
    write_rows(tmp_path / "boxes.csv", ["image_id"], [("a",)])
    with pytest.raises(InputError, match=r"boxes\.csv"):
        read_csv(tmp_path / "boxes.csv", ["image_id"], made_from="0123")


def test_the_settings_of_a_table_read_back_beside_what_it_was_made_from(tmp_path):
    path, frame = tmp_path / "boxes.csv", pd.DataFrame({"image_id": ["a"], "x0": [1.5]})
    settings = {"box_method": "paper", "threshold": 0.2, "interpolation": None, "crops": 10}
    write_csv(path, frame, made_from="0123", settings=settings)
    assert read_file_settings(path) == settings
    assert rows(read_csv(path, frame.columns, made_from="0123")) == [("a", 1.5)]
    assert len(path.read_text().splitlines()) == 3
    write_csv(path, frame, settings={})
    assert read_file_settings(path) == {}


@pytest.mark.parametrize("made_from", [None, "0123"])
def test_a_table_without_settings_is_refused_where_they_matter(tmp_path, made_from):
    write_csv(tmp_path / "boxes.csv", pd.DataFrame({"image_id": ["a"]}), made_from=made_from)
    with pytest.raises(InputError, match=r"boxes\.csv: does not say how it was made"):
        read_file_settings(tmp_path / "boxes.csv")
    with pytest.raises(InputError, match=r"absent\.csv: not found"):
        read_file_settings(tmp_path / "absent.csv")


@pytest.mark.parametrize("first", ["# made from 0123", "# {no JSON"])
def test_a_first_line_of_an_earlier_version_or_damaged_is_refused(tmp_path, first):
    (tmp_path / "boxes.csv").write_text(f"{first}\nimage_id\na\n")
    for read in (read_file_settings, lambda path: read_csv(path, ["image_id"])):
        with pytest.raises(InputError, match=r"boxes\.csv: .*delete it and rerun") as caught:
            read(tmp_path / "boxes.csv")
        assert "\n" not in str(caught.value)


def test_a_renamed_column_is_named_with_its_old_name(tmp_path):
    write_rows(tmp_path / "boxes.csv", ["image_id", "rule"], [("a", "paper")])
    with pytest.raises(
        InputError,
        match=r"lacks the column box_method \(called rule by an earlier version\), crops;",
    ):
        read_csv(tmp_path / "boxes.csv", ["image_id", "box_method", "crops"])


def test_a_missing_column_is_refused_by_name(tmp_path):
    write_rows(tmp_path / "boxes.csv", BOX_COLUMNS[:-1], [("a", "n1", 0, 0, 1)])
    with pytest.raises(InputError, match=r"boxes\.csv: lacks the column y1"):
        read_csv(tmp_path / "boxes.csv", BOX_COLUMNS)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\xfd\n", b'a,b\n1,2\n1,2,3,4\n"'])
def test_what_is_no_table_is_refused_by_name(tmp_path, content):
    (tmp_path / "odd.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"odd\.csv"):
        read_csv(tmp_path / "odd.csv", ["a"])


def test_a_missing_table_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"absent\.csv: not found"):
        read_csv(tmp_path / "absent.csv", ["a"])


def test_a_set_has_no_splits_unless_it_says_so():
    assert ImageSet([], [], [], Summary("set", 0)).splits == []


def test_a_summary_is_plain_json():
    summary = ImageSet([], [], [], Summary("set", 3, 5, ["3 of 5."], ["No box."])).summary
    assert summary.as_json() == {
        "data_set": "set",
        "found": 3,
        "expected": 5,
        "notes": ["3 of 5."],
        "box_notes": ["No box."],
        "unreadable": 0,
    }
    assert Summary("set", 3).as_json() == {
        "data_set": "set",
        "found": 3,
        "expected": None,
        "notes": [],
        "box_notes": [],
        "unreadable": 0,
    }
