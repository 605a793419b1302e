import subprocess
import sys
import weakref
from itertools import pairwise

import h5py
import numpy as np
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.localization.predictions import (
    Header,
    Predictions,
    read_predictions,
    write_predictions,
)
from tests.editing import edited_hdf5

STREAMED = ("classes", "scores", "maps", "true_map")


def written(path, predictions, *batches):
    """Write predictions, whole or in batches that end before the given images."""
    header = Header(**{key: getattr(predictions, key) for key in Header.__dataclass_fields__})
    ends = [0, *batches, len(predictions.image_id)]
    parts = [slice(*pair) for pair in pairwise(ends)]
    streams = [{key: getattr(predictions, key)[part] for key in STREAMED} for part in parts]
    return write_predictions(path, header, streams)


def some_predictions(**changed):
    rng = np.random.default_rng(0)
    values = {
        "image_id": ["a", "Zürich 1", "c"],
        "classes": rng.integers(0, 4, (3, 2)).astype(np.int32),
        "scores": rng.random((3, 2)).astype(np.float32),
        "maps": rng.normal(size=(3, 2, 1, 5, 4)).astype(np.float32),
        "true_class": np.array([2, -1, 0], np.int32),
        "true_map": rng.normal(size=(3, 1, 5, 4)).astype(np.float32),
        "class_labels": ["n1", "n2", "n3", "n4"],
        "name": "net",
        "method": "cam",
        "crops": 1,
        "size": (112, 96),
        "warped": (128, 110),
        "network": "0123",
        "images": "4567",
    }
    return Predictions(**values | changed)


def same(predictions, others):
    """Bit by bit, and of the same type."""
    for key in (*STREAMED, "true_class"):
        mine, theirs = np.asarray(getattr(predictions, key)), np.asarray(getattr(others, key))
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)
    for key in set(Header.__dataclass_fields__) - {"true_class"}:
        assert getattr(predictions, key) == getattr(others, key)
    return True


@pytest.mark.parametrize("batches", [(), (1,), (1, 2)])
def test_what_is_written_in_any_batches_reads_back_bit_by_bit(tmp_path, batches):
    predictions = some_predictions()
    assert written(tmp_path / "net.h5", predictions, *batches) == (3, 1, 5, 4)
    assert same(read_predictions(tmp_path / "net.h5"), predictions)


def test_half_floats_and_files_without_maps_of_guesses_come_back_as_they_are(tmp_path):
    rng = np.random.default_rng(1)
    predictions = some_predictions(
        method="backprop",
        crops=10,
        maps=np.zeros((3, 0, 2, 8, 8), np.float16),
        true_map=rng.random((3, 2, 8, 8)).astype(np.float16),
    )
    written(tmp_path / "net.h5", predictions, 2)
    assert same(read_predictions(tmp_path / "net.h5"), predictions)


def test_maps_stay_on_disk_until_an_image_is_asked_for(tmp_path):
    written(tmp_path / "net.h5", some_predictions())
    read = read_predictions(tmp_path / "net.h5")
    assert isinstance(read.maps, h5py.Dataset)
    assert read.maps.chunks == (1, 2, 1, 5, 4)


def test_batches_are_forgotten_once_they_are_written(tmp_path):
    predictions, alive = some_predictions(), []
    header = Header(**{key: getattr(predictions, key) for key in Header.__dataclass_fields__})

    def batches():
        made = []
        for n in range(3):
            alive.append(sum(reference() is not None for reference in made))
            batch = {key: getattr(predictions, key)[n : n + 1].copy() for key in STREAMED}
            made.append(weakref.ref(batch["maps"]))
            yield batch
            del batch

    write_predictions(tmp_path / "net.h5", header, batches())
    assert len(alive) == 3
    assert max(alive) == 1  # the one before
    assert same(read_predictions(tmp_path / "net.h5"), predictions)


def test_no_number_survives_as_such(tmp_path):
    maps = np.full((3, 2, 1, 5, 4), np.nan, np.float32)
    written(tmp_path / "net.h5", some_predictions(maps=maps))
    assert np.isnan(read_predictions(tmp_path / "net.h5").maps[:]).all()


def test_an_error_of_the_network_is_not_taken_for_a_full_disk(tmp_path):
    predictions = some_predictions()
    header = Header(**{key: getattr(predictions, key) for key in Header.__dataclass_fields__})

    def batches():
        yield {key: getattr(predictions, key)[:1] for key in STREAMED}
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes do not fit"):
        write_predictions(tmp_path / "net.h5", header, batches())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", [0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused_by_name(tmp_path, part):
    path = tmp_path / "net.h5"
    written(path, some_predictions())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(InputError, match=r"net\.h5") as caught:
        read_predictions(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["image_id", "maps", "true_map"])
def test_a_file_that_lacks_an_array_is_refused(tmp_path, key):
    written(tmp_path / "net.h5", some_predictions())
    with edited_hdf5(tmp_path / "net.h5") as file:
        del file[key]
    with pytest.raises(InputError, match=r"net\.h5"):
        read_predictions(tmp_path / "net.h5")


@pytest.mark.parametrize("key", ["name", "method", "crops", "warped", "images"])
def test_a_file_that_lacks_an_attribute_is_refused(tmp_path, key):
    written(tmp_path / "net.h5", some_predictions())
    with edited_hdf5(tmp_path / "net.h5") as file:
        del file.attrs[key]
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
    written(tmp_path / "net.h5", some_predictions(images=fingerprint(images)))
    assert read_predictions(tmp_path / "net.h5", images).name == "net"
    images.write_text("image_id\nb\n")
    with pytest.raises(InputError, match=r"net\.h5: .*images\.csv"):
        read_predictions(tmp_path / "net.h5", images)


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "net.h5"
    written(path, some_predictions())
    before = path.read_bytes()
    with pytest.raises((InputError, TypeError)):
        written(path, some_predictions(maps=np.array([object()] * 3)))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from pipeline_lib.common.errors import InputError
from pipeline_lib.localization.predictions import Header, write_predictions

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # writing more than this fails
zeros = np.zeros((2, 1), np.int32)
big = np.random.default_rng(0).random((2, 1, 300, 300), np.float32)
header = Header(
    ["a", "b"], zeros[:, 0], ["n"], "net", "cam", 1, (300, 300), (300, 300), "0", "1"
)
batch = {"classes": zeros, "scores": zeros, "maps": big[:, None], "true_map": big}
try:
    write_predictions(Path(sys.argv[1]), header, [batch])
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
        some_predictions(method="grad-cam").fingerprint,
        some_predictions(crops=10).fingerprint,
    }
    assert len(marks) == 5
    assert some_predictions(name="renamed").fingerprint in marks


def test_the_file_has_the_fingerprint_of_what_was_written(tmp_path):
    written(tmp_path / "net.h5", some_predictions())
    assert read_predictions(tmp_path / "net.h5").fingerprint == some_predictions().fingerprint


def test_a_class_has_its_label_and_an_unknown_one_has_none():
    predictions = some_predictions(classes=np.array([[0, 3], [2, 1], [1, 0]]))
    assert [predictions.label_of(index) for index in (-1, 0, 3)] == ["", "n1", "n4"]
    assert [predictions.labels_of(n) for n in range(3)] == [
        ["n1", "n4"],
        ["n3", "n2"],
        ["n2", "n1"],
    ]
