"""The step: what it writes, what it goes on with, what it refuses."""

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

from pipeline_lib.common.files import fingerprint
from pipeline_lib.features.cache import read_features
from pipeline_lib.networks.artefact import load_network, save_network


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_features_are_those_worked_out_by_hand(study):
    assert study.run() == 0
    found = read_features(study.out, study.images)
    assert found.image_id == list(pd.read_csv(study.images)["image_id"])
    np.testing.assert_allclose(found.features, study.expected(), rtol=1e-4, atol=1e-5)
    assert (found.name, found.layer) == ("net", "head.linear")
    assert (found.crop, found.precision) == ("whole", "float32")
    assert not study.partial.exists()


def test_images_are_cropped_to_their_boxes(study):
    assert study.run(f"--boxes={study.boxes}") == 0
    found = read_features(study.out, study.images)
    # boxes were (3, 2.5, width - 5.5, height + 4): rounded outward, and clamped to the image
    expected = study.expected(lambda image: (3, 2, image.width - 5, image.height))
    np.testing.assert_allclose(found.features, expected, rtol=1e-4, atol=1e-5)
    assert found.crop == fingerprint(study.boxes)


def test_of_the_boxes_that_were_drawn_the_first_guess_s_loose_one_is_taken(study):
    boxes = pd.read_csv(study.boxes)
    others = [boxes.assign(rank=rank, fit=fit) for rank in (0, 1, 2) for fit in ("tight", "loose")]
    for other in others:
        if (other["rank"].iloc[0], other["fit"].iloc[0]) != (1, "loose"):
            other[["x0", "y0", "x1", "y1"]] = [1, 1, 9, 9]
    drawn = study.folder / "drawn.csv"
    drawn.write_text("# made from 0123\n" + pd.concat(others).to_csv(index=False))
    assert study.run(f"--boxes={drawn}") == 0
    first = read_features(study.out).features[:]
    assert study.run(f"--boxes={study.boxes}", out=study.folder / "other.h5") == 0
    assert (first == read_features(study.folder / "other.h5").features[:]).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda boxes: boxes[boxes["image_id"] != "i7"], "has no box for image i7"),
        (lambda boxes: pd.concat([boxes, boxes[3:4]]), "has several boxes for image i19"),
        (lambda boxes: boxes.assign(x1=""), "corner that is no number"),
        (lambda boxes: boxes.drop(columns="y1"), "lacks the column y1"),
    ],
)
def test_boxes_that_do_not_fit_are_one_line(study, capsys, change, words):
    changed = study.folder / "changed.csv"
    change(pd.read_csv(study.boxes)).to_csv(changed, index=False)
    assert study.run(f"--boxes={changed}") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {changed}: ")
    assert words in line


@pytest.mark.parametrize(
    "flags", [["--block=100"], ["--block=4"], ["--block=1"], ["--workers=2"], ["--partial=x/y"]]
)
def test_neither_blocks_nor_workers_change_the_file(study, monkeypatch, flags):
    monkeypatch.chdir(study.folder)
    assert study.run() == 0
    assert study.run(*flags, out=study.folder / "other.h5") == 0
    assert sha256(study.out) == sha256(study.folder / "other.h5")


def test_the_size_of_a_batch_changes_the_last_bits_at_most(study):
    assert study.run() == 0
    assert study.run(batch=7, out=study.folder / "other.h5") == 0
    found, other = (
        read_features(study.folder / name).features[:] for name in ("net.h5", "other.h5")
    )
    np.testing.assert_allclose(found, other, rtol=1e-4, atol=1e-5)


def test_bfloat16_is_within_two_percent_of_float32(study):
    assert study.run() == 0
    assert study.run(precision="bfloat16", out=study.folder / "other.h5") == 0
    exact, rounded = (
        read_features(study.folder / name).features[:] for name in ("net.h5", "other.h5")
    )
    difference = np.linalg.norm(rounded - exact, axis=1) / np.linalg.norm(exact, axis=1)
    assert 0 < difference.max() < 0.02
    assert read_features(study.folder / "other.h5").precision == "bfloat16"


def test_killed_three_times_at_random_the_file_is_the_same(study):
    """Kill -9 once a random number of blocks is there, and a random moment later."""
    assert study.run(out=study.folder / "whole.h5", batch=1, block=1) == 0
    rng = random.Random(os.urandom(8))
    command = [
        sys.executable,
        "-m",
        "pipeline_lib",
        "extract",
        *study.flags(batch=1, block=1),
    ]
    sizes = [0]
    for kill in range(3):
        wanted = sizes[-1] + rng.randint(1, 5)
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 60
            while _blocks(study) < wanted and time.monotonic() < deadline:
                assert process.poll() is None, f"ended before kill {kill}"
            time.sleep(rng.uniform(0, 0.002))
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        sizes.append(_blocks(study))
        assert sizes[-1] >= wanted
        assert not study.out.exists()
    kept = {path: path.stat().st_mtime_ns for path in study.partial.glob("0*.npy")}
    time.sleep(1.1)  # should HDF5 note the time, it is another second
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"{23 - len(kept)} images to do of 23" in done.stderr
    assert sha256(study.out) == sha256(study.folder / "whole.h5")
    assert not study.partial.exists()


def _blocks(study):
    return len(list(study.partial.glob("0*.npy")))


def test_an_image_that_cannot_be_decoded_is_one_line_and_the_rest_is_not_repeated(study, capsys):
    assert study.run(out=study.folder / "whole.h5") == 0
    spoiled = study.root / "13.png"
    content = spoiled.read_bytes()
    spoiled.write_bytes(content[: len(content) // 2])
    capsys.readouterr()
    assert study.run() == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f"error: {spoiled}: cannot be decoded")
    assert not study.out.exists()
    spoiled.write_bytes(content)
    assert study.run() == 0
    assert "15 images to do of 23" in capsys.readouterr().err
    assert sha256(study.out) == sha256(study.folder / "whole.h5")


def test_blocks_of_another_network_are_not_gone_on_with(study, capsys):
    (study.root / "22.png").rename(study.folder / "22.png")
    (study.root / "22.png").write_bytes((study.folder / "22.png").read_bytes()[:-30])
    assert study.run() == 1
    assert _blocks(study) == 2
    study.save_network(1)
    capsys.readouterr()
    assert study.run() == 1
    assert "holds blocks of something else" in capsys.readouterr().err
    (study.folder / "22.png").rename(study.root / "22.png")
    assert study.run() == 0
    np.testing.assert_allclose(
        read_features(study.out).features, study.expected(), rtol=1e-4, atol=1e-5
    )


def test_what_is_there_is_not_made_again(study, capsys):
    assert study.run() == 0
    before = study.out.stat()
    assert study.run() == 0
    assert "already there" in capsys.readouterr().err
    assert study.out.stat().st_mtime_ns == before.st_mtime_ns
    assert study.out.stat().st_ino == before.st_ino


@pytest.mark.parametrize("what", ["network", "boxes", "precision", "images", "truncated"])
def test_other_features_are_refused_and_replaced_on_request(study, capsys, what):
    assert study.run() == 0
    before, flags = sha256(study.out), []
    if what == "network":
        study.save_network(1)
    elif what == "boxes":
        flags = [f"--boxes={study.boxes}"]
    elif what == "precision":
        flags = ["--precision=bfloat16"]
    elif what == "images":  # the same manifest, of photographs that were fetched anew
        (study.root / "3.png").write_bytes((study.root / "4.png").read_bytes())
    else:
        study.out.write_bytes(study.out.read_bytes()[:-100])
    capsys.readouterr()
    assert study.run(*flags) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {study.out}: ")
    assert "--rebuild" in line
    assert study.run("--rebuild", *flags) == 0
    read_features(study.out, study.images)
    assert (sha256(study.out) == before) == (what == "truncated")


def test_features_that_are_no_numbers_are_refused(study, capsys):
    classifier, card = load_network(study.network)
    classifier.head.conv[0].bias.data[:] = math.inf
    save_network(study.network, card, classifier.state_dict())
    assert study.run() == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f"error: {study.network}: makes NaN of image i0")
    assert _blocks(study) == 0
