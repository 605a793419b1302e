"""The step: what it writes, how it resumes, what it refuses."""

import hashlib
import math
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.common import machine
from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.features.cache import read_features
from pipeline_lib.networks.artefact import load_network, save_network


def last_line(capsys):
    """The only line but for that of the device."""
    *device, line = capsys.readouterr().err.splitlines()
    assert all(each.startswith("device: ") for each in device)
    return line


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_features_are_those_worked_out_by_hand(extraction):
    assert extraction.run() == 0
    features = read_features(extraction.out, extraction.images)
    assert features.image_id == list(pd.read_csv(extraction.images, comment="#")["image_id"])
    np.testing.assert_allclose(features.features, extraction.expected(), rtol=1e-4, atol=1e-5)
    assert (features.name, features.layer) == ("net", "head.linear")
    assert (features.crop, features.precision) == ("whole", "float32")
    assert not extraction.partial.exists()


def test_images_are_cropped_to_their_boxes(extraction):
    assert extraction.run(f"--boxes={extraction.boxes}") == 0
    features = read_features(extraction.out, extraction.images)
    # boxes were (3, 2.5, width - 5.5, height + 4): rounded outward, and clamped to the image
    expected = extraction.expected(lambda image: (3, 2, image.width - 5, image.height))
    np.testing.assert_allclose(features.features, expected, rtol=1e-4, atol=1e-5)
    assert features.crop == fingerprint(extraction.boxes)


def test_of_localize_s_boxes_the_loose_one_of_the_top_prediction_is_used(extraction):
    boxes = pd.read_csv(extraction.boxes, comment="#")
    others = [boxes.assign(rank=rank, fit=fit) for rank in (0, 1, 2) for fit in ("tight", "loose")]
    for other in others:
        if (other["rank"].iloc[0], other["fit"].iloc[0]) != (1, "loose"):
            other[["x0", "y0", "x1", "y1"]] = [1, 1, 9, 9]
    localized = extraction.folder / "localized.csv"
    write_csv(localized, pd.concat(others), made_from="0123")
    assert extraction.run(f"--boxes={localized}") == 0
    first = read_features(extraction.out).features[:]
    assert extraction.run(f"--boxes={extraction.boxes}", out=extraction.folder / "other.h5") == 0
    assert (first == read_features(extraction.folder / "other.h5").features[:]).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda boxes: boxes[boxes["image_id"] != "i7"], "has no box for image i7"),
        (lambda boxes: pd.concat([boxes, boxes[3:4]]), "has several boxes for image i19"),
        (lambda boxes: boxes.assign(x1=""), "a corner of a box is not a number"),
        (lambda boxes: boxes.drop(columns="y1"), "lacks the column y1"),
    ],
)
def test_boxes_that_do_not_fit_are_one_line(extraction, capsys, change, words):
    changed = extraction.folder / "changed.csv"
    change(pd.read_csv(extraction.boxes, comment="#")).to_csv(changed, index=False)
    assert extraction.run(f"--boxes={changed}") == 1
    line = last_line(capsys)
    assert line.startswith(f"error: {changed}: ")
    assert words in line


def test_a_batch_that_does_not_fit_is_halved_and_the_file_is_that_of_the_small_batch(
    extraction, small_memory, capsys
):
    assert extraction.run(batch=2) == 0
    small = extraction.out.read_bytes()
    extraction.out.unlink()
    tried = small_memory(3)
    capsys.readouterr()
    assert extraction.run(batch=8) == 0
    assert extraction.out.read_bytes() == small
    assert [images for images in tried if images > 3] == [8, 4]
    lines = [line for line in capsys.readouterr().err.splitlines() if "out of memory" in line]
    assert [line.rpartition(" ")[2] for line in lines] == ["4", "2"]


@pytest.mark.parametrize(
    "flags", [["--block=100"], ["--block=4"], ["--block=1"], ["--workers=2"], ["--partial=x/y"]]
)
def test_neither_blocks_nor_workers_change_the_file(extraction, monkeypatch, flags):
    monkeypatch.chdir(extraction.folder)
    assert extraction.run() == 0
    assert extraction.run(*flags, out=extraction.folder / "other.h5") == 0
    assert sha256(extraction.out) == sha256(extraction.folder / "other.h5")


def test_the_size_of_a_batch_changes_the_last_bits_at_most(extraction):
    assert extraction.run() == 0
    assert extraction.run(batch=7, out=extraction.folder / "other.h5") == 0
    features, other = (
        read_features(extraction.folder / name).features[:] for name in ("net.h5", "other.h5")
    )
    np.testing.assert_allclose(features, other, rtol=1e-4, atol=1e-5)


@pytest.fixture
def has_bfloat16(monkeypatch):
    """A processor without it computes in float32 instead, which is right and not the question here."""
    monkeypatch.setattr(machine, "_cpu_flags", lambda: {"avx512_bf16"})


def test_bfloat16_is_within_two_percent_of_float32(extraction, has_bfloat16):
    assert extraction.run() == 0
    assert extraction.run(precision="bfloat16", out=extraction.folder / "other.h5") == 0
    exact, rounded = (
        read_features(extraction.folder / name).features[:] for name in ("net.h5", "other.h5")
    )
    difference = np.linalg.norm(rounded - exact, axis=1) / np.linalg.norm(exact, axis=1)
    assert 0 < difference.max() < 0.02
    assert read_features(extraction.folder / "other.h5").precision == "bfloat16"


def test_killed_three_times_at_random_the_file_is_the_same(extraction):
    """Kill -9 once a random number of blocks is there, and a random moment later."""
    assert extraction.run(out=extraction.folder / "whole.h5", batch=1, block=1) == 0
    rng = random.Random(os.urandom(8))
    command = [
        sys.executable,
        "-m",
        "pipeline_lib",
        "extract",
        *extraction.flags(batch=1, block=1),
    ]
    sizes = [0]
    for kill in range(3):
        wanted = sizes[-1] + rng.randint(1, 5)
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 60
            while _blocks(extraction) < wanted and time.monotonic() < deadline:
                assert process.poll() is None, f"ended before kill {kill}"
            time.sleep(rng.uniform(0, 0.002))
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        sizes.append(_blocks(extraction))
        assert sizes[-1] >= wanted
        assert not extraction.out.exists()
    kept = {path: path.stat().st_mtime_ns for path in extraction.partial.glob("0*.npy")}
    time.sleep(1.1)  # should HDF5 note the time, it is another second
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"{23 - len(kept)} images to do of 23" in done.stderr
    assert sha256(extraction.out) == sha256(extraction.folder / "whole.h5")
    assert not extraction.partial.exists()


def _blocks(extraction):
    return len(list(extraction.partial.glob("0*.npy")))


def test_an_image_that_cannot_be_decoded_is_one_line_and_the_rest_is_not_repeated(
    extraction, capsys
):
    assert extraction.run(out=extraction.folder / "whole.h5") == 0
    spoiled = extraction.root / "13.png"
    content = spoiled.read_bytes()
    spoiled.write_bytes(content[: len(content) // 2])
    capsys.readouterr()
    assert extraction.run() == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f"error: {spoiled}: cannot be decoded")
    assert not extraction.out.exists()
    spoiled.write_bytes(content)
    assert extraction.run() == 0
    assert "15 images to do of 23" in capsys.readouterr().err
    assert sha256(extraction.out) == sha256(extraction.folder / "whole.h5")


def test_blocks_of_another_network_are_not_used(extraction, capsys):
    (extraction.root / "22.png").rename(extraction.folder / "22.png")
    (extraction.root / "22.png").write_bytes((extraction.folder / "22.png").read_bytes()[:-30])
    assert extraction.run() == 1
    assert _blocks(extraction) == 2
    extraction.save_network(1)
    capsys.readouterr()
    assert extraction.run() == 1
    assert "holds blocks of another job" in capsys.readouterr().err
    (extraction.folder / "22.png").rename(extraction.root / "22.png")
    assert extraction.run() == 0
    np.testing.assert_allclose(
        read_features(extraction.out).features, extraction.expected(), rtol=1e-4, atol=1e-5
    )


def test_what_is_there_is_not_made_again(extraction, capsys):
    assert extraction.run() == 0
    before = extraction.out.stat()
    assert extraction.run() == 0
    assert "already there" in capsys.readouterr().err
    assert extraction.out.stat().st_mtime_ns == before.st_mtime_ns
    assert extraction.out.stat().st_ino == before.st_ino


@pytest.mark.parametrize("what", ["network", "boxes", "precision", "images", "truncated"])
def test_other_features_are_refused_and_replaced_on_request(extraction, has_bfloat16, capsys, what):
    assert extraction.run() == 0
    before, flags = sha256(extraction.out), []
    if what == "network":
        extraction.save_network(1)
    elif what == "boxes":
        flags = [f"--boxes={extraction.boxes}"]
    elif what == "precision":
        flags = ["--precision=bfloat16"]
    elif what == "images":  # the same manifest, of photographs that were fetched anew
        (extraction.root / "3.png").write_bytes((extraction.root / "4.png").read_bytes())
    else:
        extraction.out.write_bytes(extraction.out.read_bytes()[:-100])
    capsys.readouterr()
    assert extraction.run(*flags) == 1
    line = last_line(capsys)
    assert line.startswith(f"error: {extraction.out}: ")
    assert "--rebuild" in line
    assert extraction.run("--rebuild", *flags) == 0
    read_features(extraction.out, extraction.images)
    assert (sha256(extraction.out) == before) == (what == "truncated")


def test_features_that_are_no_numbers_are_refused(extraction, capsys):
    classifier, card = load_network(extraction.network)
    classifier.head.conv[0].bias.data[:] = math.inf
    save_network(extraction.network, card, classifier.state_dict())
    assert extraction.run() == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f"error: {extraction.network}: the features of image i0 are not finite")
    assert _blocks(extraction) == 0
