"""Blocks of an extraction: which are kept, which are missing, which are deleted."""

import numpy as np
import pytest

from pipeline_lib.common.blocks import Blocks, discard_blocks
from pipeline_lib.common.errors import InputError

ROWS = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
MARKS = {range(4): "a", range(4, 7): "b"}


def test_blocks_that_are_there_are_not_missing(tmp_path):
    blocks = Blocks(tmp_path / "part", "key", MARKS)
    assert blocks.missing() == list(MARKS)
    blocks.write(range(4, 7), ROWS[4:])
    assert Blocks(tmp_path / "part", "key", MARKS).missing() == [range(4)]
    blocks.write(range(4), ROWS[:4])
    assert blocks.missing() == []
    assert (np.concatenate(list(blocks)) == ROWS).all()


def test_a_block_whose_files_changed_is_missing_alone(tmp_path):
    blocks = Blocks(tmp_path / "part", "key", MARKS)
    for block in MARKS:
        blocks.write(block, ROWS[block.start : block.stop])
    changed = Blocks(tmp_path / "part", "key", MARKS | {range(4): "c"})
    assert changed.missing() == [range(4)]


def test_blocks_are_kept_under_the_same_key_and_thrown_away_under_another(tmp_path):
    for key, there in (("a", 0), ("a", 1), ("b", 0), ("a", 0)):
        blocks = Blocks(tmp_path / "part", key, MARKS)
        assert len(blocks.missing()) == 2 - there
        blocks.write(range(4), ROWS[:4])


def test_a_spoiled_block_is_one_line(tmp_path):
    blocks = Blocks(tmp_path / "part", "key", {range(4): "a"})
    blocks.write(range(4), ROWS[:4])
    (block,) = (tmp_path / "part").glob("*.npy")
    block.write_bytes(block.read_bytes()[:-3])
    with pytest.raises(InputError, match=rf"{block.name}: spoiled .*; delete it and rerun"):
        list(blocks)


def test_discarding_leaves_alone_what_is_not_its_own(tmp_path):
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "mine.npy").write_text("precious")
    discard_blocks(tmp_path / "part")
    assert (tmp_path / "part" / "mine.npy").exists()
    for kept in ("thesis.tex", None):
        folder = tmp_path / "other"
        Blocks(folder, "key", MARKS).write(range(4), ROWS[:4])
        (folder / ".000000004-b.99.npy").write_text("half of a block")
        if kept:
            (folder / kept).write_text("precious")
        discard_blocks(folder)
        assert [path.name for path in folder.glob("*")] == ([kept] if kept else [])
        if kept:
            (folder / kept).unlink()
    assert not folder.exists()
