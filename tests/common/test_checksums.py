"""Files that steps hand on: any flipped bit is refused, or changes nothing that is read."""

import errno
import os
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest

from pipeline_lib.common.checksums import USER_BLOCK, require_intact, seal
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json, write_json
from pipeline_lib.data.manifest import read_csv, read_file_settings, write_csv

FRAME = pd.DataFrame({"image_id": ["a", "b ü"], "score": [0.1 + 0.2, 1e-17], "x0": [3, 40]})
COLUMNS = tuple(FRAME)
CARD = {"name": "net", "classes": ["n1", "n2"], "mean": [0.1 + 0.2, 1e-9], "options": {}}


def flipped(path, step=1):
    """Flip each bit of a file in turn, or one in ``step``; yield it damaged so, and restore it."""
    whole = path.read_bytes()
    for bit in range(0, 8 * len(whole), step):
        spoilt = bytearray(whole)
        spoilt[bit // 8] ^= 1 << bit % 8
        path.write_bytes(spoilt)
        yield bit
    path.write_bytes(whole)


def test_any_flipped_bit_of_a_table_is_refused_by_name(tmp_path):
    path = tmp_path / "scores.csv"
    write_csv(path, FRAME, made_from="0123", settings={"threshold": 0.2})
    whole, settings = read_csv(path, COLUMNS), read_file_settings(path)
    pd.testing.assert_frame_equal(whole, FRAME)
    refused = 0
    for bit in flipped(path):
        try:
            read = read_csv(path, COLUMNS, made_from="0123")
            assert read_file_settings(path) == settings, bit
            pd.testing.assert_frame_equal(read, whole)
        except InputError as error:
            assert "scores.csv" in str(error) and "\n" not in str(error)
            refused += 1
    assert refused > 8 * len(FRAME.to_csv(index=False))


def test_a_table_is_plain_and_its_checksum_goes_with_copies(tmp_path):
    write_csv(tmp_path / "a.csv", FRAME)
    assert (tmp_path / "a.csv").read_text() == FRAME.to_csv(index=False)
    shutil.copytree(tmp_path, tmp_path / "copy")
    copy = tmp_path / "copy/a.csv"
    copy.write_text(copy.read_text().replace("40", "41"))
    with pytest.raises(InputError, match=r"a\.csv: not as it was written; delete it and rerun"):
        read_csv(copy, COLUMNS)
    copy.unlink()
    copy.write_text(FRAME.to_csv(index=False))  # one made by hand
    pd.testing.assert_frame_equal(read_csv(copy, COLUMNS), FRAME)


def test_where_there_are_no_attributes_tables_are_read_as_they_are(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    monkeypatch.setattr(os, "getxattr", refuse)
    write_csv(tmp_path / "a.csv", FRAME, made_from="01")
    pd.testing.assert_frame_equal(read_csv(tmp_path / "a.csv", COLUMNS, made_from="01"), FRAME)


def test_a_table_without_columns_and_one_of_an_earlier_version_are_as_before(tmp_path):
    write_csv(tmp_path / "empty.csv", pd.DataFrame())
    with pytest.raises(InputError, match="not a CSV table"):
        read_csv(tmp_path / "empty.csv", ())
    (tmp_path / "old.csv").write_text('# {"made_from": "01"}\n' + FRAME.to_csv(index=False))
    pd.testing.assert_frame_equal(read_csv(tmp_path / "old.csv", COLUMNS, made_from="01"), FRAME)


def test_any_flipped_bit_of_a_card_is_refused_by_name(tmp_path):
    path = tmp_path / "net.json"
    write_json(path, CARD, checksum=True)
    assert read_json(path) == CARD
    for bit in flipped(path):
        try:
            # The name of the key itself may be hit: then a reader finds a key that it does not know.
            assert {key: read_json(path).get(key) for key in CARD} == CARD, bit
        except InputError as error:
            assert "net.json" in str(error) and "\n" not in str(error)


def test_any_flipped_bit_of_an_hdf5_file_is_refused(tmp_path):
    path = tmp_path / "features.h5"
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    with h5py.File(path, "w", userblock_size=USER_BLOCK) as file:
        file["image_id"] = ["a.jpg", "b.jpg", "ü.jpg"]
        file["features"] = values
        file.attrs["name"] = "net"
    unsealed = path.read_bytes()
    seal(path)
    require_intact(path)
    assert path.read_bytes()[USER_BLOCK:] == unsealed[USER_BLOCK:]
    with h5py.File(path) as file:  # for every reader the same file
        np.testing.assert_array_equal(file["features"][:], values)
    for _bit in flipped(path, step=37):
        with pytest.raises(InputError, match=r"features\.h5: not as it was written; delete it"):
            require_intact(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="not as it was written"):
        require_intact(path)


def test_an_hdf5_file_of_an_earlier_version_is_read(tmp_path):
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file["features"] = [1.0]
    require_intact(tmp_path / "old.h5")
    shutil.rmtree(tmp_path)
    with pytest.raises(FileNotFoundError):
        require_intact(tmp_path / "old.h5")
