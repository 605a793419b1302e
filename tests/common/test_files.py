import json

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import atomic, fingerprint, read_json, write_json, write_text


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_finished_file_has_what_was_written_and_nothing_lies_beside_it(tmp_path):
    with atomic(tmp_path / "new" / "table.csv") as temporary:
        temporary.write_text("a,b\n")
        assert not (tmp_path / "new" / "table.csv").exists()
    assert (tmp_path / "new" / "table.csv").read_text() == "a,b\n"
    assert names(tmp_path / "new") == ["table.csv"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, OSError])
def test_a_writer_that_fails_leaves_the_old_file_and_no_temporary_one(tmp_path, failure):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(failure), atomic(path) as temporary:
        temporary.write_text("half of the n")
        raise failure
    assert path.read_text() == "old"
    assert names(tmp_path) == ["table.csv"]


def test_a_writer_that_fails_leaves_no_file_where_there_was_none(tmp_path):
    with pytest.raises(ValueError), atomic(tmp_path / "table.csv") as temporary:
        temporary.write_text("half")
        raise ValueError
    assert names(tmp_path) == []


def test_the_temporary_name_is_hidden_keeps_the_suffix_and_lies_in_the_same_folder(tmp_path):
    with atomic(tmp_path / "figure.png") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".png"
        assert temporary.name.startswith(".")
        temporary.touch()


def test_json_is_indented_utf8_that_reads_back(tmp_path):
    value = {"name": "Zürich", "list": [1, 2.5, None]}
    write_json(tmp_path / "a.json", value)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == value == read_json(tmp_path / "a.json")
    assert "Zürich" in text
    assert "\n  " in text


@pytest.mark.parametrize("content", [b"", b'{"a": 1', b"\xff\xfe\x00"])
def test_what_is_no_json_is_refused_by_name(tmp_path, content):
    (tmp_path / "broken.json").write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.json"):
        read_json(tmp_path / "broken.json")


def test_missing_json_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"absent\.json: not found"):
        read_json(tmp_path / "absent.json")


def test_a_files_fingerprint_changes_with_its_content_and_not_with_its_name(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    write_text(a, "x" * 100_000)
    write_text(b, "x" * 100_000)
    same = fingerprint(a)
    assert fingerprint(b) == same
    write_text(b, "x" * 99_999 + "y")
    assert fingerprint(b) != same


def test_fingerprints_tell_values_their_order_and_their_bounds_apart():
    values = [("a", "b"), ("b", "a"), ("ab",), ("a",), ("a", "b", ""), (1, 2), (12,), ("12",), ()]
    marks = [fingerprint(*parts) for parts in values]
    assert len(set(marks)) == len(values)
    assert all(len(mark) == 16 and int(mark, 16) >= 0 for mark in marks)


def test_fingerprints_do_not_depend_on_the_order_of_keys():
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
