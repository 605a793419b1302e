"""The tiny world, to be broken."""

import shutil

import pytest


@pytest.fixture
def world(tiny_world, tmp_path):
    """A copy to break."""
    return shutil.copytree(tiny_world, tmp_path / "ilsvrc")
