"""Fixtures for all tests: real data if there is any, and a tiny synthetic ILSVRC."""

import os

# Tests run beside one another on few cores: threads of one network that wait for each other's turn take
# ten times as long. Child processes inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import logging
import signal
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from pipeline_lib.steps.data import index, synthesize

# How long an example takes says nothing of a busy machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def real_data() -> Path:
    """A folder of real data in official layouts, from CAM_REAL_DATA."""
    folder = os.environ.get("CAM_REAL_DATA")
    if not folder:
        pytest.skip("CAM_REAL_DATA is not set: no real data to test on")
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def tiny_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic ILSVRC with 24 train and 20 val images. Copy it before changing it."""
    folder = tmp_path_factory.mktemp("world") / "ilsvrc"
    flags = ["--train-images", "24", "--val-images", "20", "--seed", "5", "--out", str(folder)]
    assert synthesize.main(flags) == 0
    return folder


@pytest.fixture(scope="session")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The nine transfer data sets, drawn by one process. Copy them before changing them."""
    folder = tmp_path_factory.mktemp("sets") / "transfer"
    assert synthesize.main(["--layout", "transfer", "--seed", "3", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def training_manifest(tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of the tiny world's training images."""
    path = tmp_path_factory.mktemp("manifest") / "images.csv"
    flags = ["--layout", "ilsvrc-train", "--root", str(tiny_world), "--images", str(path)]
    assert index.main(flags) == 0
    return path


@pytest.fixture
def package_log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    """pytest's `caplog` with each message of the package once.

    A step that an earlier test ran in this process has replaced the handlers of the package's logger.
    """
    log = logging.getLogger("pipeline_lib")
    monkeypatch.setattr(log, "handlers", [caplog.handler])
    monkeypatch.setattr(log, "propagate", False)
    caplog.set_level(logging.INFO, log.name)
    return caplog


@pytest.fixture
def restored_signal_handlers():
    """Restore the signal handlers that a trainer in this process replaces."""
    numbers = (signal.SIGTERM, signal.SIGUSR1)
    handlers = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def small_memory(monkeypatch):
    """A function that lets convolutions run out of memory above a number of images.

    It returns the list of the batches that are tried from then on.
    """
    forward = torch.nn.Conv2d.forward

    def limit(images):
        tried = []

        def limited(self, inputs):
            tried.append(len(inputs))
            if len(inputs) > images:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 43.6 GiB.")
            return forward(self, inputs)

        monkeypatch.setattr(torch.nn.Conv2d, "forward", limited)
        return tried

    yield limit
    monkeypatch.undo()
