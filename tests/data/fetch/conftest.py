"""The server, and a folder to fetch into."""

import pytest

from pipeline_lib.data import transport as module
from tests.data.fetch.server import Server


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0)
    one = Server()
    yield one
    one.close()


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data"
