import subprocess
import sys

import h5py
import numpy as np
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.localization.predictions import (
    Predictions,
    read_predictions,
    write_predictions,
)

ARRAYS = ("classes", "scores", "maps", "true_class", "true_map")


def some_predictions(**changed):
    rng = np.random.default_rng(0)
    values = {
        "image_id": ["a", "Zürich 1", "c"],
        "classes": rng.integers(0, 4, (3, 2)).astype(np.int32),
        "scores": rng.random((3, 2)).astype(np.float32),
        "maps": rng.normal(size=(3, 2, 5, 4)).astype(np.float32),
        "true_class": np.array([2, -1, 0], np.int32),
        "true_map": rng.normal(size=(3, 5, 4)).astype(np.float32),
        "class_labels": ["n1", "n2", "n3", "n4"],
        "name": "net",
        "network": "0123",
        "images": "4567",
    }
    return Predictions(**values | changed)


def test_what_is_written_reads_back_bit_by_bit(tmp_path):
    written = some_predictions()
    write_predictions(tmp_path / "net.h5", written)
    read = read_predictions(tmp_path / "net.h5")
    for key in ARRAYS:
        there, back = getattr(written, key), getattr(read, key)
        assert back.dtype == there.dtype
        np.testing.assert_array_equal(back, there)
    for key in ("image_id", "class_labels", "name", "network", "images"):
        assert getattr(read, key) == getattr(written, key)


def test_no_number_survives_as_such(tmp_path):
    maps = np.full((3, 2, 5, 4), np.nan, np.float32)
    write_predictions(tmp_path / "net.h5", some_predictions(maps=maps))
    assert np.isnan(read_predictions(tmp_path / "net.h5").maps).all()


@pytest.mark.parametrize("part", [0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused_by_name(tmp_path, part):
    path = tmp_path / "net.h5"
    write_predictions(path, some_predictions())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(InputError, match=r"net\.h5") as caught:
        read_predictions(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["image_id", "maps", "true_map"])
def test_a_file_that_lacks_an_array_is_refused(tmp_path, key):
    write_predictions(tmp_path / "net.h5", some_predictions())
    with h5py.File(tmp_path / "net.h5", "a") as file:
        del file[key]
    with pytest.raises(InputError, match=r"net\.h5"):
        read_predictions(tmp_path / "net.h5")


def test_a_missing_or_foreign_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"absent\.h5: not found"):
        read_predictions(tmp_path / "absent.h5")
    (tmp_path / "text.h5").write_text("image_id,path\n" * 100)
    with pytest.raises(InputError, match=r"text\.h5"):
        read_predictions(tmp_path / "text.h5")


def test_predictions_of_other_images_are_refused(tmp_path):
    images = tmp_path / "images.csv"
    images.write_text("image_id\na\n")
    write_predictions(tmp_path / "net.h5", some_predictions(images=fingerprint(images)))
    assert read_predictions(tmp_path / "net.h5", images).name == "net"
    images.write_text("image_id\nb\n")
    with pytest.raises(InputError, match=r"net\.h5: .*images\.csv"):
        read_predictions(tmp_path / "net.h5", images)


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "net.h5"
    write_predictions(path, some_predictions())
    before = path.read_bytes()
    with pytest.raises((InputError, TypeError)):
        write_predictions(path, some_predictions(maps=np.array([object()])))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from pipeline_lib.common.errors import InputError
from pipeline_lib.localization.predictions import Predictions, write_predictions

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # writing more than this fails
zeros = np.zeros((2, 1), np.int32)
big = np.zeros((2, 1, 300, 300), np.float32)
try:
    write_predictions(Path(sys.argv[1]), Predictions(
        ["a", "b"], zeros, zeros, big, zeros[:, 0], big[:, 0], ["n"], "net", "0", "1"))
except InputError as error:
    print(error)
"""


def test_a_file_that_does_not_fit_on_the_disk_is_one_line_and_leaves_nothing(tmp_path):
    path = tmp_path / "results" / "net.h5"
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True
    )
    lines = ran.stdout.splitlines()
    assert len(lines) == 1, ran.stderr
    assert str(path) in lines[0]
    assert list(path.parent.iterdir()) == []


def test_the_fingerprint_tells_networks_and_images_apart():
    marks = {
        some_predictions().fingerprint,
        some_predictions(network="other").fingerprint,
        some_predictions(images="other").fingerprint,
    }
    assert len(marks) == 3
    assert some_predictions(name="renamed").fingerprint in marks


def test_an_unknown_class_has_no_label():
    predictions = some_predictions()
    assert [predictions.label_of(index) for index in (-1, 0, 3)] == ["", "n1", "n4"]
