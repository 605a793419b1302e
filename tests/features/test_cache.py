"""The features file: what it holds, and what is refused."""

import tracemalloc

import h5py
import numpy as np
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.features.cache import Origin, read_features, write_features
from tests.editing import edited_hdf5

ORIGIN = Origin("net", "head.linear", "0123", "4567", "89ab", "whole", "float32")
ROWS = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
NAMES = [f"bild_ü{number}" for number in range(7)]


@pytest.fixture
def path(tmp_path):
    write_features(tmp_path / "net.h5", ORIGIN, NAMES, [ROWS[:4], ROWS[4:]])
    return tmp_path / "net.h5"


def test_what_is_written_is_read(path):
    features = read_features(path)
    assert features.image_id == NAMES
    assert (features.features[:] == ROWS).all()
    assert features.features.dtype == np.float32
    assert features.attributes == ORIGIN.attributes
    assert features.fingerprint == ORIGIN.fingerprint


def test_mapped_features_are_those_of_the_file(path):
    features = read_features(path)
    mapped = features.mapped()
    assert mapped.shape == features.features.shape
    np.testing.assert_array_equal(mapped, features.features[:])
    mapped[:] = 0  # nobody's but this process's
    assert np.any(read_features(path).features[:])


def test_any_hdf5_reader_reads_it(path):
    with h5py.File(path) as file:
        assert file["image_id"].asstr()[2] == "bild_ü2"
        assert file["features"].shape == (7, 5)
        assert dict(file.attrs) == ORIGIN.attributes


def test_features_of_another_origin_have_another_fingerprint():
    marks = {ORIGIN.fingerprint}
    for number in range(7):
        values = list(ORIGIN.attributes.values())
        values[number] += "x"
        marks.add(Origin(*values).fingerprint)
    assert len(marks) == 8


def _truncated(path):
    path.write_bytes(path.read_bytes()[:-40])


def _empty(path):
    path.write_bytes(b"")


def _text(path):
    path.write_text("image_id,features\n")


def _foreign(path):
    with h5py.File(path, "w") as file:
        file["pixels"] = np.zeros(3)


def _without_an_attribute(path):
    with edited_hdf5(path) as file:
        del file.attrs["layer"]


def _shorter(path):
    with edited_hdf5(path) as file:
        del file["features"]
        file["features"] = ROWS[:5]


def _a_group(path):
    with edited_hdf5(path) as file:
        del file["features"]
        file.create_group("features")


@pytest.mark.parametrize(
    "spoil", [_truncated, _empty, _text, _foreign, _without_an_attribute, _shorter, _a_group]
)
def test_what_is_no_whole_features_file_is_one_line(path, spoil):
    spoil(path)
    with pytest.raises(InputError, match="not a whole features file") as caught:
        read_features(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert "--rebuild" in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"net\.h5: not found"):
        read_features(tmp_path / "net.h5")


def test_features_of_other_images_are_refused(tmp_path):
    images = tmp_path / "images.csv"
    images.write_text("image_id\n1\n")
    values = ORIGIN.attributes | {"images": fingerprint(images)}
    write_features(tmp_path / "net.h5", Origin(**values), NAMES, [ROWS])
    assert read_features(tmp_path / "net.h5", images).image_id == NAMES
    images.write_text("image_id\n2\n")
    with pytest.raises(InputError, match=r"other images than .*images\.csv"):
        read_features(tmp_path / "net.h5", images)


def test_writing_needs_no_more_memory_for_more_images(tmp_path):
    peaks = []
    for count in (4, 64):
        blocks = (np.ones((128, 1024), np.float32) for _ in range(count))  # half a MiB each
        names = [str(number) for number in range(128 * count)]
        tracemalloc.start()
        write_features(tmp_path / "net.h5", ORIGIN, names, blocks)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 2**22  # of 32 MiB
