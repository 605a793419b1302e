import os

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.study.scratch import link_scratch


def test_the_link_moves_only_when_asked_and_results_share_no_folder(tmp_path):
    link, fast, faster = (str(tmp_path / name) for name in ("r/mini/scratch", "fast", "faster"))
    link_scratch(link, fast, "mini", move=False)
    assert list(tmp_path.iterdir()) == []  # a dry run leaves nothing
    link_scratch(link, fast, "mini", move=True)
    first = os.readlink(link)
    os.unlink(link)
    link_scratch(link, fast, "mini", move=False)
    assert os.readlink(link) == first  # what is there is found again
    assert os.path.isdir(link)
    assert first.startswith(f"{fast}/mini-")
    link_scratch(link, faster, "mini", move=False)
    assert os.readlink(link) == first
    link_scratch(link, fast, "mini", move=True)
    assert os.readlink(link) == first
    link_scratch(link, faster, "mini", move=True)
    assert os.readlink(link).startswith(f"{faster}/mini-")
    other = str(tmp_path / "other/mini/scratch")
    link_scratch(other, fast, "mini", move=True)
    assert os.readlink(other) != first


def test_a_folder_from_before_is_refused_where_it_would_be_ignored(tmp_path):
    folder = tmp_path / "r" / "mini" / "scratch"
    folder.mkdir(parents=True)
    link_scratch(str(folder), str(tmp_path / "fast"), "mini", move=False)
    assert not folder.is_symlink()
    with pytest.raises(InputError, match="is a folder"):
        link_scratch(str(folder), str(tmp_path / "fast"), "mini", move=True)
