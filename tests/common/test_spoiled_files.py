"""Files that a power loss cut off, or that hold something else: one line, or an older one is used."""

import io
import json
import pickle

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import save

from pipeline_lib.common.blocks import ARRAY, ROWS, Blocks
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json
from pipeline_lib.data.manifest import read_csv, read_file_settings, read_images
from pipeline_lib.data.shards import PackedImages
from pipeline_lib.features.cache import read_features
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.networks.artefact import load_network
from pipeline_lib.networks.start_weights import read_start_weights
from pipeline_lib.networks.weights import read_state
from pipeline_lib.scheduling.graph_file import read_graph
from pipeline_lib.scheduling.progress import progress
from pipeline_lib.svm.classifier import load
from pipeline_lib.training.checkpoint import Checkpoints
from pipeline_lib.training.history import HISTORY_COLUMNS, History
from pipeline_lib.units.units_file import read_units


def written(write, *arguments):
    buffer = io.BytesIO()
    write(buffer, *arguments)
    return buffer.getvalue()


def another_hdf5():
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["features"], file["class_labels"], file["image_ids"] = 2.0, 3, [1]
        file.create_group("image_id")
    return buffer.getvalue()


ARCHIVE = written(np.savez, np.zeros(3))
TABLE = written(np.save, np.zeros((9, 9)))
WEIGHTS = save({"a": torch.zeros(3)})
CONTENTS = {
    **{"empty": b"", "zeros": bytes(600), "bytes": bytes(range(256)) * 4, "text": b"one\ntwo\n"},
    **{"hdf5": another_hdf5(), "npz": ARCHIVE, "half npz": ARCHIVE[:60], "npy": TABLE},
    **{"number": written(np.save, np.float32(3)), "half npy": TABLE[:100], "header": TABLE[:20]},
    **{"safetensors": WEIGHTS, "half safetensors": WEIGHTS[:5], "pickle": pickle.dumps({"a": 1})},
    **{"null": b"null", "list": b"[1]", "object": b"{}", "settings": b'# {"settings": 3}\na,b\n'},
    "checkpoint": written(lambda file, state: torch.save(state, file), {"model": 1}),
}


def block(form):
    def read(path):
        blocks = Blocks(path.parent / "blocks", "key", {range(3): "mark"}, form)
        path.rename(path.parent / "blocks" / f"{0:09d}-mark{form.suffix}")
        list(blocks)

    return read


def network(path):
    path.rename(path.with_suffix(".json"))
    load_network(path.with_suffix(".safetensors"))


def packed(path):
    path.rename(path.with_name("index.json"))
    PackedImages(path.parent)


def named(suffix, read):
    return lambda path: read(path.rename(path.with_suffix(suffix)))


READERS = {
    **{"block of an array": block(ARRAY), "block of rows": block(ROWS), "json": read_json},
    **{"features": read_features, "predictions": read_predictions, "classifier": load},
    **{"units": lambda path: read_units(path, path), "network": network, "shards": packed},
    **{"csv": lambda path: read_csv(path, ["absent"]), "images": read_images, "graph": read_graph},
    **{"settings": read_file_settings, "start": lambda path: read_start_weights("x", path)},
    **{"weights": named(".safetensors", read_state), "own weights": named(".pth", read_state)},
}
WELL = {("json", "object"), ("weights", "safetensors")}  # they are what the reader reads


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_spoiled_file_is_one_line_that_names_it(tmp_path, reader, content):
    if (reader, content) in WELL or (reader, content) == ("own weights", "checkpoint"):
        pytest.skip("nothing is wrong, or the names are")
    path = tmp_path / "file"
    path.write_bytes(CONTENTS[content])
    with pytest.raises(InputError) as raised:
        READERS[reader](path)
    assert str(raised.value).startswith(str(tmp_path))
    assert "\n" not in str(raised.value)
    assert " ()" not in str(raised.value)  # a reason without words


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_of_a_spoiled_checkpoint_the_older_one_is_used(tmp_path, caplog, content):
    checkpoints = Checkpoints(tmp_path, "abc")
    checkpoints.save(1, {"x": torch.tensor(7)})
    checkpoints.save(2, {})
    newest = sorted(tmp_path.iterdir())[-1]
    newest.write_bytes(CONTENTS[content])
    assert checkpoints.newest()["x"] == 7
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"{newest}: unreadable, trying an older one (")
    assert "\n" not in line


def test_a_spoiled_note_of_blocks_is_one_line(tmp_path):
    (tmp_path / "key.json").touch()
    with pytest.raises(InputError, match=r"key\.json: not valid JSON .*; delete it and rerun"):
        Blocks(tmp_path, "key", {range(3): "mark"})


@pytest.mark.parametrize("content", CONTENTS)
def test_a_spoiled_history_is_written_anew_and_shows_no_progress(tmp_path, content):
    path = tmp_path / "history.csv"
    row = ",".join(["x"] * len(HISTORY_COLUMNS)).encode()
    header = ",".join(HISTORY_COLUMNS).encode() + b"\n"
    log = tmp_path / "log"
    log.write_text(f"train --history {tmp_path}\nbegun\n")
    for spoiled in (CONTENTS[content], header + CONTENTS[content] + row + b"\n"):
        path.write_bytes(spoiled)
        assert progress(log, tmp_path, 0.0, 1e12).text == "begun"
        with History(tmp_path, 5):
            pass
        assert path.read_bytes() == header


@pytest.mark.parametrize("content", [b"null", b"[1]", b"{", b""])
def test_advice_about_a_users_file_is_of_that_file(tmp_path, content):
    path = tmp_path / "captions.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"; unpack it again$"):
        read_json(path, "unpack it again")
    path.write_text(json.dumps({"a": 1}))
    assert read_json(path) == {"a": 1}
