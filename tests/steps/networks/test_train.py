"""The step's flags: packed images, and what it refuses."""

import json
import os
import re
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pipeline_lib.common.files import read_json
from pipeline_lib.networks.card import read_card
from pipeline_lib.steps.data.pack import main as pack
from pipeline_lib.steps.networks.train import main as train
from tests.editing import edit_table

pytestmark = pytest.mark.usefixtures("restored_signal_handlers")
SMALL = ("--warp", "48", "--crop", "40", "--threads", "1", "--log-every", "1")


@pytest.fixture(scope="module")
def packed(training_manifest, tiny_world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed")
    flags = ["--images", str(training_manifest), "--root", str(tiny_world), "--warp", "48"]
    assert pack([*flags, "--shard-size", "10", "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def command(flags, tmp_path):
    """The flags of six steps on small crops; the first process's, whatever the environment."""

    def build(folder="run", *more):
        where = tmp_path / folder
        return [
            *(
                *flags({"dropout": 0}, epochs=1),
                *SMALL,
                "--checkpoints",
                str(where / "checkpoints"),
            ),
            *("--history", str(where), "--out", str(where / "x.safetensors"), *more),
        ]

    return build


def without_root(flags):
    at = flags.index("--root")
    return flags[:at] + flags[at + 2 :]


def test_a_step_that_does_not_fit_the_memory_says_what_to_set(command, small_memory, capsys):
    small_memory(3)
    capsys.readouterr()
    assert train(command()) == 1
    *_, line, _ = capsys.readouterr().err.splitlines()
    assert "a training step of NIN on 4 images at a time does not fit" in line
    assert "raise training.recipe.accumulate (now 1) or training.processes or " in line


def test_shards_stand_in_for_the_folder(command, packed, tmp_path, read_history):
    slow = ("--recipe", "rate=0.0005")  # so that JPEG's small differences do not grow
    assert train(command("folder", *slow)) == 0
    assert train(without_root(command("shards", "--shards", str(packed), *slow))) == 0
    folder, shards = tmp_path / "folder", tmp_path / "shards"
    for ours, theirs in zip(read_history(shards), read_history(folder), strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], abs=0.1)  # but for JPEG
    for name, tensor in load_file(folder / "x.safetensors").items():
        torch.testing.assert_close(
            load_file(shards / "x.safetensors")[name], tensor, atol=2e-3, rtol=0
        )
    cards = [read_card(where / "x.json") for where in (folder, shards)]
    assert [card.training["source"] for card in cards] == ["folder", "shards"]
    assert all(card.preprocessing.warp == [48, 48] for card in cards)
    assert all(card.preprocessing.size == [40, 40] for card in cards)


def test_a_run_does_not_go_on_from_checkpoints_of_the_other_source(
    command, packed, tmp_path, capsys
):
    stopped = ("--save-every", "2", "--budget", "1e-9")
    assert train(command("run", *stopped)) == 1
    assert train(command("run", "--shards", str(packed))) == 0
    assert "resumed" not in capsys.readouterr().err


def test_spoiled_shards_are_found_before_the_run_or_on_request_when_they_are_read(
    command, packed, tmp_path, capsys
):
    spoiled = tmp_path / "spoiled"
    shutil.copytree(packed, spoiled)
    path = spoiled / "shard-00001.h5"
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for at in rng.integers(len(data) // 3, len(data) // 2, 3):
        data[at] ^= 255
    path.write_bytes(data)
    assert train(command("run", "--shards", str(spoiled))) == 1
    assert "shard-00001.h5: was changed since it was packed" in last_line(capsys)
    assert train(command("run", "--shards", str(spoiled), "--no-verify")) == 1
    assert "cannot be decoded (it is not as it was written)" in last_line(capsys)  # when it is read


def last_line(capsys):
    return capsys.readouterr().err.splitlines()[-1]


def test_shards_of_another_manifest_or_size_are_refused(
    command, training_manifest, packed, tmp_path, capsys
):
    other = tmp_path / "other"
    shutil.copytree(packed, other)
    index = read_json(other / "index.json")
    assert train(command("run", "--shards", str(other), "--warp", "50")) == 1
    assert "holds images of 48 pixels, not of --warp 50" in last_line(capsys)
    (other / "index.json").write_text(json.dumps(index | {"manifest": "0" * 16}))
    assert train(command("run", "--shards", str(other))) == 1
    assert "is not a shard of this index" in last_line(capsys)
    text = tmp_path / "images.csv"
    edit_table(training_manifest, lambda rows: rows[: rows.rindex("\n", 0, -1) + 1], text)
    assert train(command("run", "--shards", str(packed), "--images", str(text))) == 1
    assert "packed from another" in last_line(capsys)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--log-every", "0"), "--log-every: 0 must be above 0"),
        (("--save-every", "-1"), "--save-every: -1 must be at least 1"),
        (("--budget", "0"), "--budget: 0.0 must be above 0"),
        (("--crop", "49"), "a crop of 49 does not fit into a warp of 48"),
        (
            ("--recipe", "precision=half"),
            "--recipe: precision: 'half' must be 'float32', 'tf32', 'bfloat16' or 'float16'",
        ),
        (
            ("--recipe", "schedule=linear"),
            "--recipe: schedule: 'linear' must be 'step' or 'cosine'",
        ),
        (
            ("--recipe", "accumulate=0"),
            "--recipe: accumulate: 0 must be at least 1",
        ),
        (("--recipe", "ema=1.0"), "--recipe: ema: 1.0 must be below 1"),
        (("--recipe", "ema=-0.1"), "--recipe: ema: -0.1 must be at least 0"),
        (("--recipe", "lr=1"), "--recipe: lr: unknown key"),
        (("--recipe", "accumulate=3"), "a batch of 4 does not split into 3 equal pieces"),
        (("--shards", "nowhere"), "nowhere/index.json: not found"),
    ],
)
def test_flags_that_make_no_sense_are_one_line(command, capsys, more, message):
    assert train(command("run", *more)) == 1
    *device, line = capsys.readouterr().err.splitlines()
    assert all(each.startswith("device: ") for each in device)
    assert re.search(message, line)


def test_without_a_folder_and_shards_there_are_no_images(command, capsys):
    assert train(without_root(command())) == 1
    assert "no images: give --root, or --shards" in last_line(capsys)


def test_only_the_first_process_has_a_log(command, tmp_path, monkeypatch):
    log = tmp_path / "log"
    monkeypatch.setenv("RANK", "1")
    assert train(command("run", "--crop", "49", "--log", str(log))) == 1
    assert not log.exists()
    monkeypatch.setenv("RANK", "0")
    assert train(command("run", "--crop", "49", "--log", str(log))) == 1
    assert log.exists()
    assert os.environ.get("WORLD_SIZE") is None
