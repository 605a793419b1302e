"""Boxes and sweeps by several processes, killed and resumed: the same bytes, no image done twice."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import BOX_COLUMNS, IMAGE_COLUMNS, write_rows
from pipeline_lib.evaluation import sweep as library_sweep
from pipeline_lib.localization import extraction
from pipeline_lib.localization.predictions import Header, write_predictions
from pipeline_lib.steps.localization import localize, sweep

N, BLOCK = 11, 2  # the last block has one image
MAIN = f"""
import sys
from pipeline_lib.localization import extraction
from pipeline_lib.steps.localization.localize import main
extraction._BLOCK = {BLOCK}
sys.exit(main(sys.argv[1:]))
"""


class Study:
    """A folder of photographs, their manifest, and predictions by one of three methods."""

    def __init__(self, folder, method, crops, side=60):
        self.folder, self.partial = folder, folder / "scratch" / "net.part"
        rng = np.random.default_rng(0)
        rows, boxes = [], []
        for n in range(N):
            width, height = side + 7 * n, side
            coarse = rng.integers(0, 256, (6, 8, 3), np.uint8)
            picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
            picture.save(folder / f"{n}.png")
            rows.append((f"i{n}", f"{n}.png", "n2" if n % 4 else "", width, height, int(n == 5)))
            corners = np.sort(rng.integers(0, side, (2, 2)), axis=0).ravel().tolist()
            boxes += [(f"i{n}", "n2", *corners)] * (n != 6)
        write_rows(folder / "images.csv", IMAGE_COLUMNS, rows)
        write_rows(folder / "boxes.csv", BOX_COLUMNS, boxes)
        header = Header(
            image_id=[row[0] for row in rows],
            true_class=np.array([1 if row[2] else -1 for row in rows], np.int32),
            class_labels=["n1", "n2", "n3"],
            name="net",
            method=method,
            crops=crops,
            size=(28, 28),
            warped=(32, 32),
            network="0",
            images=fingerprint(folder / "images.csv"),
        )
        planes, guesses = (2, 0) if method == "backprop" else (crops, 2)
        maps = rng.random((N, guesses, planes, 7, 7)).astype(np.float32)
        batch = {
            "classes": np.array([rng.permutation(3)[:2] for _ in range(N)], np.int32),
            "scores": rng.random((N, 2)).astype(np.float32),
            "maps": maps,
            "true_map": rng.random((N, planes, 7, 7)).astype(np.float32),
        }
        write_predictions(folder / "net.h5", header, [batch])

    def flags(self, *more):
        return [
            *("--predictions", str(self.folder / "net.h5")),
            *("--images", str(self.folder / "images.csv"), *more),
        ]

    def localize_flags(self, box_method, *more, out="boxes-out.csv"):
        return self.flags(
            *("--box-method", box_method, "--root", str(self.folder)),
            *("--out", str(self.folder / out), *more),
        )

    def read(self, name):
        return (self.folder / name).read_bytes()


@pytest.fixture
def graphcut_study(tmp_path):
    return Study(tmp_path, "backprop", 10)


@pytest.mark.parametrize(
    ("method", "crops", "box_method"),
    [("cam", 1, "paper"), ("cam", 10, "authors"), ("backprop", 10, "graphcut")],
)
def test_several_processes_and_blocks_write_the_same_boxes(
    tmp_path, monkeypatch, method, crops, box_method
):
    study = Study(tmp_path, method, crops)
    assert localize.main(study.localize_flags(box_method)) == 0
    monkeypatch.setattr(extraction, "_BLOCK", BLOCK)
    several = ["--processes", "3"]
    for name, more in (
        ("several.csv", several),
        ("kept.csv", ["--partial", str(study.partial)]),
        ("both.csv", [*several, "--partial", str(study.partial)]),
    ):
        assert localize.main(study.localize_flags(box_method, *more, out=name)) == 0
        assert study.read(name) == study.read("boxes-out.csv")
        assert not study.partial.exists()
    assert len(study.read("boxes-out.csv").splitlines()) >= 2 + sum(n % 4 > 0 for n in range(N))


def test_several_processes_write_the_same_sweep(tmp_path, monkeypatch):
    study = Study(tmp_path, "cam", 1)
    outputs = {}
    for name, more in (("one", []), ("three", ["--processes", "3"])):
        where = [
            "--out",
            str(tmp_path / f"{name}.csv"),
            "--scores",
            str(tmp_path / f"{name}-s.csv"),
        ]
        boxes = ["--true-boxes", str(tmp_path / "boxes.csv")]
        assert sweep.main(study.flags(*boxes, *where, *more)) == 0
        outputs[name] = study.read(f"{name}.csv"), study.read(f"{name}-s.csv")
        monkeypatch.setattr(library_sweep, "_BLOCK", BLOCK)
    assert outputs["one"] == outputs["three"]


def test_an_interrupted_run_goes_on_where_it_was(graphcut_study, monkeypatch, capsys):
    study = graphcut_study
    assert localize.main(study.localize_flags("graphcut")) == 0
    whole = study.read("boxes-out.csv")
    monkeypatch.setattr(extraction, "_BLOCK", BLOCK)
    flags = study.localize_flags("graphcut", "--partial", str(study.partial), out="resumed.csv")
    cut, calls = extraction.graphcut_box, []

    def failing(image, heat):
        calls.append(image.shape)
        if len(calls) > 4:
            raise KeyboardInterrupt
        return cut(image, heat)

    monkeypatch.setattr(extraction, "graphcut_box", failing)
    with pytest.raises(KeyboardInterrupt):
        localize.main(flags)
    assert not (study.folder / "resumed.csv").exists()
    done = len(calls) - 1
    monkeypatch.setattr(extraction, "graphcut_box", lambda *pair: (calls.append(0), cut(*pair))[1])
    calls.clear()
    capsys.readouterr()
    assert localize.main(flags) == 0
    assert study.read("resumed.csv") == whole
    labelled = sum(n % 4 > 0 for n in range(N))
    assert labelled - done <= len(calls) < labelled - done + BLOCK
    assert "images to do of 11 in 6 blocks" in capsys.readouterr().err


@pytest.mark.parametrize("change", ["photograph", "setting", "predictions"])
def test_what_changed_is_done_again(graphcut_study, monkeypatch, change):
    study = graphcut_study
    monkeypatch.setattr(extraction, "_BLOCK", BLOCK)
    monkeypatch.setattr(localize, "discard_blocks", lambda folder: None)
    partial = ("--partial", str(study.partial))
    assert localize.main(study.localize_flags("graphcut", *partial)) == 0
    assert len(list(study.partial.glob("[0-9]*"))) == 6
    more = []
    if change == "photograph":
        Image.new("RGB", (67, 60), "red").save(study.folder / "1.png")
    elif change == "setting":
        more = ["--interpolation", "bicubic"]
    else:
        other = study.folder / "other"
        other.mkdir()
        Study(other, "backprop", 1)
        os.replace(other / "net.h5", study.folder / "net.h5")
    calls, cut = [], extraction.graphcut_box
    monkeypatch.setattr(extraction, "graphcut_box", lambda *pair: (calls.append(0), cut(*pair))[1])
    assert localize.main(study.localize_flags("graphcut", *partial, *more)) == 0
    assert len(calls) == (1 if change == "photograph" else 8)
    resumed = study.read("boxes-out.csv")
    assert localize.main(study.localize_flags("graphcut", *more)) == 0
    assert study.read("boxes-out.csv") == resumed


def test_killed_with_its_processes_it_goes_on_and_no_process_stays(tmp_path):
    study = Study(tmp_path, "backprop", 10, side=300)
    assert localize.main(study.localize_flags("graphcut")) == 0
    flags = study.localize_flags(
        *("graphcut", "--processes", "2", "--partial", str(study.partial)), out="resumed.csv"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, *flags], stderr=subprocess.DEVNULL, start_new_session=True
    )
    while process.poll() is None and len(list(study.partial.glob("[0-9]*"))) < 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in study.partial.glob("[0-9]*")}
    assert len(kept) >= 2
    deadline = time.monotonic() + 30
    while _alive(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(process.pid)
    if process.returncode == 0:
        pytest.skip("it was done before it could be killed")
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *flags], stderr=subprocess.PIPE, text=True, check=True
    )
    left = N - sum(min(BLOCK, N - int(path.name[:9])) for path in kept)
    assert f"net: {left} images to do of {N} in 6 blocks" in done.stderr
    assert study.read("resumed.csv") == study.read("boxes-out.csv")
    assert not study.partial.exists()


def _alive(session):
    """Whether any process of a session is left."""

    def belongs(pid):
        try:
            return os.getsid(int(pid)) == session
        except ProcessLookupError:
            return False

    return any(belongs(name) for name in os.listdir("/proc") if name.isdigit())


def test_an_unreadable_photograph_ends_all_processes_with_one_line(graphcut_study, capsys):
    study = graphcut_study
    (study.folder / "7.png").write_bytes(b"no image")
    capsys.readouterr()
    assert localize.main(study.localize_flags("graphcut", "--processes", "3")) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "7.png: cannot be decoded" in line
