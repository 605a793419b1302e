"""Readers of captioned images, on folders made by hand."""

import json

import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.discovery.captions import read_caption_table, read_coco_captions
from pipeline_lib.steps.data import index


@pytest.fixture
def coco(tmp_path):
    """Two splits: two captioned images and one without in val2014, one in train2017."""

    def write(split, names, captions):
        folder = tmp_path / "coco"
        for name in names:
            (folder / split).mkdir(parents=True, exist_ok=True)
            (folder / split / name).touch()
        content = {
            "images": [{"id": 10 + n, "file_name": name} for n, name in enumerate(names)],
            "annotations": [{"image_id": 10 + n, "caption": text} for n, text in captions],
        }
        (folder / "annotations").mkdir(exist_ok=True)
        (folder / "annotations" / f"captions_{split}.json").write_text(json.dumps(content))

    write("val2014", ["b.jpg", "a.jpg", "c.jpg"], [(1, "A dog.\n"), (0, "A cat"), (1, "Dogs run")])
    write("train2017", ["b.jpg"], [(0, "Nothing")])
    return tmp_path


def test_captioned_images_of_all_splits_are_read(coco):
    found = read_coco_captions(coco)
    assert [row[:2] for row in found.images] == [
        ("train2017/b.jpg", "coco/train2017/b.jpg"),
        ("val2014/a.jpg", "coco/val2014/a.jpg"),
        ("val2014/b.jpg", "coco/val2014/b.jpg"),
    ]
    assert all((coco / row[1]).is_file() for row in found.images)
    assert found.annotations.to_numpy().tolist() == [
        ["val2014/a.jpg", "A dog."],
        ["val2014/b.jpg", "A cat"],
        ["val2014/a.jpg", "Dogs run"],
        ["train2017/b.jpg", "Nothing"],
    ]


def refused(read, path, *words):
    with pytest.raises(InputError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message, message


def test_a_captioned_image_that_is_not_there_is_left_out_and_counted(coco):
    whole = read_coco_captions(coco)
    (coco / "coco" / "val2014" / "a.jpg").unlink()
    found = read_coco_captions(coco)
    gone = "val2014/a.jpg"
    assert [row for row in whole.images if row[0] != gone] == found.images
    assert gone not in set(found.annotations["image_id"])
    assert "1 captioned image not found." in found.summary.notes


def test_captions_of_no_image_are_refused(coco):
    for path in (coco / "coco").glob("*/*.jpg"):
        path.unlink()
    refused(read_coco_captions, coco, "train2017: none of the captioned images in it")


@pytest.mark.parametrize(
    "text", ['{"images": []}', '{"images": [], "annotations": [{"caption": "x"}]}', "[]", "{"]
)
def test_another_json_is_refused(coco, text):
    path = coco / "coco" / "annotations" / "captions_val2014.json"
    path.write_text(text)
    refused(read_coco_captions, coco, "captions_val2014.json")


def test_no_caption_file_is_refused(tmp_path):
    refused(read_coco_captions, tmp_path, "annotations", "captions_<split>.json")


def test_a_table_has_several_captions_an_image_and_paths_beside_it(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("sub/b.png", "a.jpg"):
        (tmp_path / name).touch()
    table = tmp_path / "mine.tsv"
    table.write_text("sub/b.png\tA tree \n\na.jpg\tA bush\nsub/b.png\tGreen\tleaves\n")
    found = read_caption_table(table)
    assert [row[:2] for row in found.images] == [("a.jpg",) * 2, ("sub/b.png",) * 2]
    assert found.annotations.to_numpy().tolist() == [
        ["sub/b.png", "A tree"],
        ["a.jpg", "A bush"],
        ["sub/b.png", "Green\tleaves"],
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a.jpg\tA tree\nb.jpg\tA bush\n", ("line 2", "b.jpg", "does not exist")),
        ("a.jpg A tree\n", ("line 1", "image<TAB>caption")),
        ("a.jpg\t \n", ("line 1", "image<TAB>caption")),
        ("\n", ("no line",)),
    ],
)
def test_a_bad_table_is_refused_by_line(tmp_path, text, words):
    (tmp_path / "a.jpg").touch()
    (tmp_path / "mine.tsv").write_text(text)
    refused(read_caption_table, tmp_path / "mine.tsv", "mine.tsv", *words)


def test_a_table_that_is_missing_is_refused(tmp_path):
    refused(read_caption_table, tmp_path / "none.tsv", "none.tsv: not found")


def test_the_step_takes_a_table_instead_of_coco(tmp_path, caplog):
    Image.new("RGB", (3, 2)).save(tmp_path / "a.jpg")
    (tmp_path / "mine.tsv").write_text("a.jpg\t1\n")
    flags = [
        "--layout",
        "concepts",
        "--root",
        tmp_path,
        "--option",
        f"captions={tmp_path}/mine.tsv",
    ]
    flags += ["--images", tmp_path / "images.csv", "--annotations", tmp_path / "notes.csv"]
    assert index.main([str(flag) for flag in flags]) == 0
    assert (tmp_path / "notes.csv").read_text() == "image_id,caption\na.jpg,1\n"


def test_real_captions(real_data):
    found = read_coco_captions(real_data)
    assert (len(found.images), len(found.annotations)) == (150, 751)
    assert set(found.annotations["image_id"]) == {row[0] for row in found.images}
