import os
import shutil

import numpy as np
import pytest

from pipeline_lib.study.contents import contents


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "set"
    (folder / "images").mkdir(parents=True)
    (folder / "list.txt").write_text("one\ntwo\n")
    (folder / "empty.txt").touch()
    return folder


def test_moved_linked_copied_and_touched_folders_have_the_same_contents(folder, tmp_path):
    before = contents(str(folder))
    os.utime(folder / "list.txt", (1, 1))
    assert contents(str(folder)) == before
    shutil.copytree(folder, tmp_path / "copy")
    assert contents(str(tmp_path / "copy")) == before
    (tmp_path / "link").symlink_to(folder)
    assert contents(str(tmp_path / "link")) == before
    folder.rename(tmp_path / "größer, mit Leerzeichen")
    assert contents(str(tmp_path / "größer, mit Leerzeichen")) == before


def test_a_new_missing_renamed_or_longer_file_changes_the_contents(folder):
    seen = [contents(str(folder))]
    for change in (
        lambda: (folder / "new.jpg").touch(),
        lambda: (folder / "new.jpg").rename(folder / "newer.jpg"),
        lambda: (folder / "list.txt").write_text("one\n"),
        lambda: (folder / "empty.txt").unlink(),
        lambda: (folder / "dangling").symlink_to("nowhere"),
        lambda: shutil.rmtree(folder),
    ):
        change()
        seen.append(contents(str(folder)))
    assert len(set(seen)) == len(seen)


def test_two_sets_of_weights_of_one_size_differ(tmp_path):
    rng = np.random.default_rng(0)
    one, other = tmp_path / "one.pth", tmp_path / "other.pth"
    one.write_bytes(rng.bytes(5_000_000))
    other.write_bytes(one.read_bytes())
    assert contents(str(one)) == contents(str(other))
    with open(other, "r+b") as file:  # the last layer alone is trained anew: a fiftieth of the file
        file.seek(4_900_000)
        file.write(rng.bytes(100_000))
    assert contents(str(one)) != contents(str(other))


def test_order_and_absence_count(tmp_path):
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    assert contents(a, b) != contents(b, a)
    assert contents(a) != contents(a, str(tmp_path / "missing"))


def test_hidden_files_and_links_to_themselves_count_for_nothing(folder):
    before = contents(str(folder))
    (folder / ".DS_Store").write_text("macOS looked at it")
    assert contents(str(folder)) == before
    (folder / "loop").symlink_to("loop")
    assert contents(str(folder)) != before  # it has a name, and no size
