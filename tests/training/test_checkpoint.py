import pytest
import torch

from pipeline_lib.common.errors import InputError
from pipeline_lib.training.checkpoint import Checkpoints


def test_the_last_two_are_kept_and_the_newest_is_found(tmp_path):
    checkpoints = Checkpoints(tmp_path, "abc")
    for step in (5, 20, 100):
        checkpoints.save(step, {"x": torch.tensor(step)})
    assert len(list(tmp_path.iterdir())) == 2
    newest = checkpoints.newest()
    assert newest["step"] == 100
    assert newest["x"] == 100


def test_a_spoiled_newest_one_falls_back_to_the_one_before(tmp_path):
    checkpoints = Checkpoints(tmp_path, "abc")
    checkpoints.save(1, {})
    checkpoints.save(2, {})
    newest = sorted(tmp_path.iterdir())[-1]
    newest.write_bytes(newest.read_bytes()[:50])
    assert checkpoints.newest()["step"] == 1


def test_another_runs_checkpoints_are_never_resumed_and_go_when_this_one_saves(tmp_path):
    Checkpoints(tmp_path, "abc").save(7, {})
    other = Checkpoints(tmp_path, "def")
    assert other.newest() is None
    other.save(1, {})
    assert Checkpoints(tmp_path, "abc").newest() is None


def test_clearing_removes_the_folder(tmp_path):
    checkpoints = Checkpoints(tmp_path / "run", "abc")
    checkpoints.save(1, {})
    checkpoints.clear()
    assert not (tmp_path / "run").exists()


def test_clearing_removes_what_a_process_killed_while_writing_left(tmp_path):
    checkpoints = Checkpoints(tmp_path / "run", "abc")
    checkpoints.take()
    checkpoints.save(1, {})
    (tmp_path / "run" / ".owner.host-1").touch()
    (tmp_path / "run" / ".abc-000000002.host-1.pt").touch()
    checkpoints.clear()
    assert not (tmp_path / "run").exists()


def test_of_two_processes_with_a_run_the_later_one_saves(tmp_path):
    first, second = Checkpoints(tmp_path, "abc"), Checkpoints(tmp_path, "abc")
    first.take()
    first.save(1, {})
    second.take()
    with pytest.raises(InputError, match="another process continues this run"):
        first.save(2, {})
    with pytest.raises(InputError, match="another process"):
        first.check_ours()
    assert second.newest()["step"] == 1
    second.save(3, {})
    second.clear()
    assert not list(tmp_path.iterdir()) if tmp_path.exists() else True
