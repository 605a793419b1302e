"""A place for archives."""

import pytest


@pytest.fixture
def box(tmp_path):
    """A folder with a neighbour, to see what gets out: (place for archives, data root)."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "precious").write_bytes(b"untouched")
    (tmp_path / "root").mkdir()
    return tmp_path / "outside", tmp_path / "root"
