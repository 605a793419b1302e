"""How far a job is, by the files that the steps themselves write."""

import time
from types import SimpleNamespace

import numpy as np
import torch

from pipeline_lib.common.blocks import Blocks
from pipeline_lib.scheduling.progress import progress
from pipeline_lib.training.history import History


def test_a_trainings_time_left_from_the_history_the_trainer_writes(tmp_path, monkeypatch):
    ticks = iter([0.0, 4.0, 8.0])  # ten steps of 16 images in 4 s: 40 a second
    clock = SimpleNamespace(monotonic=lambda: next(ticks))
    monkeypatch.setattr("pipeline_lib.training.history.time", clock)
    with History(tmp_path / "history", 0) as rows:
        for step in (10, 20):
            row = dict.fromkeys(("loss", "accuracy", "rate"), torch.nan)
            rows.write(16, row | {"step": step, "epoch": step / 75})
    written = (tmp_path / "history" / "history.csv").stat().st_mtime
    log = tmp_path / "train.log"
    log.write_text(
        "python -m pipeline_lib train --name 'AlexNet*' --recipe epochs=5.0 --recipe batch=16 "
        "--history history --out x\nresumed after step 0\n"
    )
    current = progress(log, tmp_path, written - 60, written + 2)
    assert current.text.startswith("step 20 of 375, epoch 0.27 of 5, 40 images/s, ")
    assert current.text.endswith(", 0:02:20 left")  # 355 x 16 / 40 = 142 s, 2 of them over
    assert current.last_sign >= written
    earlier = progress(log, tmp_path, written + 60, written + 60)
    assert earlier.text == "resumed after step 0"


def test_blocks_of_features_are_counted(tmp_path):
    marks = {range(start, min(start + 32, 100)): f"{start:x}" for start in range(0, 100, 32)}
    blocks = Blocks(tmp_path / "NIN.part", "key", marks)
    for images in list(marks)[:3]:
        blocks.write(images, np.zeros((len(images), 4), np.float32))
    log = tmp_path / "features.log"
    log.write_text(
        "python -m pipeline_lib extract --partial NIN.part --out x\n"
        "NIN: gap, 68 images to do of 100 in 4 blocks\n"
    )
    assert progress(log, tmp_path, 0, time.time()).text == "3 of 4 blocks"
