import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.photographs import read_photographs


def test_a_folder_of_mixed_photographs_is_read_by_name_and_content(tmp_path):
    Image.new("L", (6, 4)).save(tmp_path / "d gray.jpg")
    Image.new("CMYK", (7, 3)).save(tmp_path / "b print.JPG")
    Image.new("RGBA", (5, 9)).save(tmp_path / "c.jpg", "PNG")
    Image.new("P", (2, 8)).save(tmp_path / "a.gif")
    (tmp_path / "readme.txt").write_text("not a photograph")
    (tmp_path / "folder").mkdir()
    image_set = read_photographs(tmp_path)
    assert image_set.images == [
        ("a.gif", "a.gif", "", 2, 8, 0),
        ("b print.JPG", "b print.JPG", "", 7, 3, 0),
        ("c.jpg", "c.jpg", "", 5, 9, 0),
        ("d gray.jpg", "d gray.jpg", "", 6, 4, 0),
    ]
    assert image_set.boxes == []
    assert image_set.summary.found == 4


def test_hidden_files_are_skipped(tmp_path):
    Image.new("RGB", (6, 4)).save(tmp_path / "a.jpg")
    Image.new("RGB", (6, 4)).save(tmp_path / ".thumbnail.jpg")
    (tmp_path / "._a.jpg").write_bytes(b"\x00\x05\x16\x07 what macOS leaves, not an image")
    image_set = read_photographs(tmp_path)
    assert [row[0] for row in image_set.images] == ["a.jpg"]
    assert image_set.summary.found == 1


def test_folders_are_skipped_whatever_their_name(tmp_path):
    Image.new("RGB", (6, 4)).save(tmp_path / "a.jpg")
    (tmp_path / "album.jpg").mkdir()
    Image.new("RGB", (6, 4)).save(tmp_path / "album.jpg" / "b.jpg")
    assert [row[0] for row in read_photographs(tmp_path).images] == ["a.jpg"]


def test_a_folder_of_nothing_but_hidden_files_and_folders_is_refused(tmp_path):
    Image.new("RGB", (6, 4)).save(tmp_path / ".a.jpg")
    (tmp_path / "album.jpg").mkdir()
    with pytest.raises(InputError, match="no photograph"):
        read_photographs(tmp_path)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match=str(tmp_path)):
        read_photographs(tmp_path)


def test_a_folder_without_a_photograph_is_refused(tmp_path):
    (tmp_path / "readme.txt").touch()
    with pytest.raises(InputError, match="no photograph"):
        read_photographs(tmp_path)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="absent"):
        read_photographs(tmp_path / "absent")


def test_a_spoiled_photograph_is_refused_by_name(tmp_path):
    Image.new("RGB", (6, 4)).save(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(b"<html>404</html>")
    with pytest.raises(InputError, match=r"b\.jpg"):
        read_photographs(tmp_path)


def test_photographs_that_differ_in_the_suffix_alone_have_different_ids(tmp_path):
    Image.new("RGB", (6, 4)).save(tmp_path / "a.jpg")
    Image.new("RGB", (6, 4)).save(tmp_path / "a.png")
    assert [row[0] for row in read_photographs(tmp_path).images] == ["a.jpg", "a.png"]
