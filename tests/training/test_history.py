import struct

import pytest
import torch
from tensorboardX.proto.event_pb2 import Event
from torch import nn

from pipeline_lib.training.history import HISTORY_COLUMNS, History, Tally

HEADER = "step,epoch,loss,accuracy,rate,images_per_second,gpu_memory_gib"


def row(step, loss=1.0):
    return {"step": step, "epoch": step / 4, "loss": loss, "accuracy": 0.5, "rate": 0.1}


def write(folder, after, steps, loss=1.0):
    with History(folder, after) as history:
        for step in steps:
            history.write(8, row(step, loss))


def steps_of(folder):
    lines = (folder / "history.csv").read_text().splitlines()
    assert lines[0] == HEADER
    return [int(line.split(",")[0]) for line in lines[1:]]


def events(folder):
    """Read all event files: records of (length, checksum, bytes, checksum), as TensorFlow's."""
    found = []
    for path in sorted(folder.glob("events.*")):
        data, at = path.read_bytes(), 0
        while at < len(data):
            (length,) = struct.unpack_from("<Q", data, at)
            found.append(Event.FromString(data[at + 12 : at + 12 + length]))
            at += 16 + length
    return found


def test_a_row_is_on_the_disk_at_once(tmp_path):
    with History(tmp_path, 0) as history:
        history.write(8, row(10, loss=0.25))
        header, line = (tmp_path / "history.csv").read_text().splitlines()
    assert header == HEADER
    assert line.startswith("10,2.5,0.25,0.5,0.1,")
    assert float(line.split(",")[5]) > 0


def test_resumed_it_cuts_what_was_written_after_the_checkpoint(tmp_path):
    write(tmp_path, 0, [10, 20, 30, 40])
    write(tmp_path, 25, [30, 40, 50], loss=2.0)
    assert steps_of(tmp_path) == [10, 20, 30, 40, 50]
    losses = [
        float(line.split(",")[2]) for line in (tmp_path / "history.csv").open().readlines()[1:]
    ]
    assert losses == [1, 1, 2, 2, 2]


def test_a_row_half_written_is_cut(tmp_path):
    write(tmp_path, 0, [10, 20])
    with open(tmp_path / "history.csv", "a") as file:
        file.write("3")  # the beginning of 30
    write(tmp_path, 25, [30])
    assert steps_of(tmp_path) == [10, 20, 30]


def test_a_new_run_begins_anew(tmp_path):
    write(tmp_path, 0, [10, 20])
    write(tmp_path, 0, [10])
    assert steps_of(tmp_path) == [10]
    (tmp_path / "history.csv").write_text("of,something,else\n1,2,3\n")
    write(tmp_path, 10, [20])
    assert steps_of(tmp_path) == [20]


def test_events_hold_the_same_numbers_and_purge_what_was_killed(tmp_path):
    write(tmp_path, 0, [10, 20, 30])
    write(tmp_path, 20, [30], loss=2.0)
    found = events(tmp_path)
    values = [
        (event.step, value.tag, value.simple_value)
        for event in found
        for value in event.summary.value
    ]
    losses = [(step, value) for step, tag, value in values if tag == "loss"]
    assert losses == [(10, 1.0), (20, 1.0), (30, 1.0), (30, 2.0)]
    assert {tag for _, tag, _ in values} == set(HISTORY_COLUMNS) - {"step"}
    starts = [event.step for event in found if event.session_log.status == 1]
    assert starts == [1, 21]  # TensorBoard hides earlier events from these steps on


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(None, 0, [10])
    assert not list(tmp_path.iterdir())


def test_the_tally_is_the_mean_over_samples_not_over_pieces():
    tally = Tally(torch.tensor([0.1, 0.2, 0.3, 0.4]), torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    all_logits, all_targets = [], []
    for size in (5, 2, 3):
        logits = torch.randn(size, 4, generator=generator)
        targets = torch.randint(4, (size,), generator=generator)
        tally.add(nn.functional.cross_entropy(logits, targets), logits, targets)
        all_logits.append(logits)
        all_targets.append(targets)
    logits, targets = torch.cat(all_logits), torch.cat(all_targets)
    samples, loss, right, chance, varied = tally.sums[0].tolist()
    assert samples == 10
    assert loss / samples == pytest.approx(nn.functional.cross_entropy(logits, targets).item())
    assert right == sum(int(row.argmax()) == int(t) for row, t in zip(logits, targets, strict=True))
    tally.begin_row()
    assert varied == 3
    assert chance == pytest.approx(sum(0.1 * (int(t) + 1) for t in targets))
    assert tally.sums[0].tolist() == [0, 0, 0, 0, 0]
    assert tally.sums[1].tolist() == [samples, loss, right, chance, varied]
