"""The table of what is there."""

import re
import subprocess
import sys

import pytest
import yaml

from pipeline_lib.data.downloads import downloads
from pipeline_lib.steps.data import check_data, fetch


@pytest.fixture
def lines(tmp_path, capsys):
    """Return a function that runs the step on ``tmp_path`` and returns its lines by their set."""

    def run():
        names = {one.name for one in downloads().values()}
        assert check_data.main(["--data-root", str(tmp_path)]) == 0
        captured = capsys.readouterr()
        assert captured.err == ""
        cells = [re.split(r"\s{2,}", line) for line in captured.out.splitlines()]
        return {row[0]: "  ".join(row[1:]) for row in cells if row[0] in names}

    return run


def test_every_set_has_a_line_with_its_size_and_source(lines):
    table = lines()
    assert len(table) == len(downloads())
    for key, one in downloads().items():
        assert "not found" in table[one.name]
        assert one.size in table[one.name]
        assert (one.login or f"snakemake fetch_{key}") in table[one.name]


def test_the_sum_is_that_of_the_list_and_stands_in_the_readme(tmp_path, capsys, repository):
    """Against the list itself, read by hand; the released networks have a list of their own."""
    package = repository / "pipeline_lib"
    listed = yaml.safe_load((package / "data/downloads.yaml").read_text())
    released = yaml.safe_load((package / "networks/caffe/released.yaml").read_text())
    assert listed["released_networks"]["listed_in"] == "networks/caffe/released.yaml"
    archives = [one for each in listed.values() for one in each.get("archives", ())]
    archives += released.values()
    total = sum(one.get("bytes") or one.get("approximate_bytes") or 0 for one in archives)
    assert total > 220e9
    assert check_data.main(["--data-root", str(tmp_path)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert f"{total / 1e9:.0f} GB (ILSVRC2012 train 148, SUN397 39, COCO 2014 20, " in last
    for name in ("Places205", "SUN2012", "VQA v1"):
        assert name in last
    readme = " ".join((repository / "README.md").read_text().split())
    assert last.removeprefix("To download in all: ").rstrip(".") in readme
    assert "200 GB" not in readme


def test_what_is_there_is_counted(lines, tmp_path):
    (tmp_path / "scene_categories" / "kitchen").mkdir(parents=True)
    for number in range(3):
        (tmp_path / "scene_categories" / "kitchen" / f"image_{number:04}.jpg").touch()
    devkit = tmp_path / "ilsvrc" / "ILSVRC2012_devkit_t12" / "data"
    devkit.mkdir(parents=True)
    (devkit / "meta.mat").touch()
    (devkit / "ILSVRC2012_validation_ground_truth.txt").touch()
    table = lines()
    assert "part of it" in table["Scene15"]
    assert "3 of 4,485 images" in table["Scene15"]
    assert "complete" in table["ILSVRC2012 devkit"]
    assert "not found" in table["ILSVRC2012 val"]


def test_nothing_is_opened_or_changed(lines, tmp_path):
    """Images that cannot be read are counted; a whole check leaves the folder as it was."""
    folder = tmp_path / "ilsvrc" / "val"
    folder.mkdir(parents=True)
    (folder / "ILSVRC2012_val_00000001.JPEG").symlink_to("/nowhere")
    before = sorted(tmp_path.rglob("*"))
    assert "1 of 50,000 images" in lines()["ILSVRC2012 val"]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_to_nothing_is_told_from_a_set_that_is_not_there(tmp_path, capsys):
    (tmp_path / "svt1").symlink_to("/nowhere/svt")
    assert check_data.main(["--data-root", str(tmp_path)]) == 0
    assert "svt1 links to /nowhere/svt, which is not" in capsys.readouterr().out


@pytest.mark.parametrize("step", [check_data, fetch])
def test_a_data_root_that_is_no_folder_is_one_line(step, tmp_path, capsys):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("/nowhere/data")
    more = ["--set", "scene15"] if step is fetch else []
    for name, words in (
        ("file", f"{tmp_path / 'file'} is a file, not a folder"),
        ("link", f"{tmp_path / 'link'} links to /nowhere/data, which is not there"),
    ):
        assert step.main(["--data-root", str(tmp_path / name), *more]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"error: config.data_root: {words}; ")


def test_a_reader_that_stops_early_is_no_error(tmp_path):
    command = f"{sys.executable} -m pipeline_lib check_data --data-root '{tmp_path}' | head -n 0"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize("given", ["", "nowhere"])
def test_no_folder_is_one_line(given, tmp_path, capsys):
    root = given and str(tmp_path / given)
    assert check_data.main(["--data-root", root]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert "data_root" in error
