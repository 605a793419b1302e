import json
import signal
import subprocess
import sys
import time

import h5py
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import IMAGE_COLUMNS, write_rows
from pipeline_lib.data.shards import PackedImages
from pipeline_lib.steps.data.pack import main as pack
from tests.data.packed_images import COUNT, pack_flags, shards, write_source


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_source(tmp_path_factory.mktemp("source"))


@pytest.fixture
def packed(source, tmp_path):
    assert pack(pack_flags(source, tmp_path)) == 0
    return tmp_path


def test_the_shards_hold_what_they_say(source, packed):
    index = json.loads((packed / "index.json").read_text())
    assert index["images"] == COUNT
    assert [shard["images"] for shard in index["shards"]] == [7, 7, 7, 4]
    listed = subprocess.run(
        ["sha256sum", *(path.name for path in shards(packed))], cwd=packed, capture_output=True
    ).stdout.decode()
    assert [line.split()[0] for line in listed.splitlines()] == [
        shard["sha256"] for shard in index["shards"]
    ]
    rows = []
    for path in shards(packed):
        with h5py.File(path) as file:
            rows += file["rows"][:].tolist()
            names = [f"image-{row}" for row in file["rows"][:]]
            assert file["image_ids"].asstr()[:].tolist() == names
            assert file["offsets"][-1] == len(file["bytes"])
            assert bytes(file["bytes"][:2]) == b"\xff\xd8"  # how JPEG files begin
    assert sorted(rows) == list(range(COUNT))
    assert rows != sorted(rows)


def test_many_processes_write_the_same_shards(source, packed, tmp_path):
    other = tmp_path / "other"
    assert pack(pack_flags(source, other, "--processes", "2")) == 0
    assert (other / "index.json").read_text() == (packed / "index.json").read_text()


@pytest.mark.parametrize("changed", ["bytes", "offsets", "rows", "image_ids"])
def test_packing_again_keeps_whole_shards_and_mends_the_rest(source, packed, capsys, changed):
    before = (packed / "index.json").read_text()
    first, second, third, fourth = shards(packed)
    times = first.stat().st_mtime_ns, fourth.stat().st_mtime_ns
    with h5py.File(second, "r+") as file:
        file[changed][2] = file[changed][3]
    third.write_bytes(third.read_bytes()[:1000])
    (packed / "shard-00004.h5").write_bytes(b"of a larger packing")
    assert pack(pack_flags(source, packed)) == 0
    assert "25 images in 4 shards, 2 of them kept" in capsys.readouterr().err
    assert (first.stat().st_mtime_ns, fourth.stat().st_mtime_ns) == times
    assert (packed / "index.json").read_text() == before
    assert shards(packed) == [first, second, third, fourth]


def test_another_packing_keeps_nothing(source, packed, capsys):
    assert pack(pack_flags(source, packed, "--seed", "1")) == 0
    assert "0 of them kept" in capsys.readouterr().err


def test_killed_it_goes_on_where_it_was(source, tmp_path):
    command = [sys.executable, "-m", "pipeline_lib", "pack", *pack_flags(source, tmp_path)]
    command += ["--shard-size", "1"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(shards(tmp_path)) < 3:
        time.sleep(0.001)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    kept = shards(tmp_path)
    assert not (tmp_path / "index.json").exists()
    with pytest.raises(InputError, match=r"index\.json: not found"):
        PackedImages(tmp_path)
    times = [path.stat().st_mtime_ns for path in kept]
    assert subprocess.run(command, capture_output=True).returncode == 0
    assert [path.stat().st_mtime_ns for path in kept] == times
    assert len(PackedImages(tmp_path)) == COUNT


def test_an_image_that_is_not_there_is_one_line(source, tmp_path, capsys):
    rows = [(str(index), f"{index}.png", "n1", "", "", False) for index in range(COUNT)]
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, [*rows, ("x", "x.png", "n1", "", "", False)])
    flags = ["--images", str(tmp_path / "images.csv"), "--root", str(source)]
    assert pack([*flags, "--out", str(tmp_path / "out")]) == 1
    assert "x.png: in the manifest, but does not exist" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--warp", "--shard-size", "--processes", "--quality"])
def test_a_flag_that_makes_no_sense_is_refused(source, tmp_path, capsys, flag):
    assert pack(pack_flags(source, tmp_path, flag, "0")) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {flag}")
    assert "at least 1" in line or "greater than or equal to 1" in line
