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
    found = read_photographs(tmp_path)
    assert found.images == [
        ("a", "a.gif", "", 2, 8, 0),
        ("b print", "b print.JPG", "", 7, 3, 0),
        ("c", "c.jpg", "", 5, 9, 0),
        ("d gray", "d gray.jpg", "", 6, 4, 0),
    ]
    assert found.boxes == []
    assert found.summary.found == 4


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
    ids = [row[0] for row in read_photographs(tmp_path).images]
    assert len(ids) == 2
    assert len(set(ids)) == 2
