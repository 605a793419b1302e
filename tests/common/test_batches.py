"""Batches that are halved where the memory is exhausted: nothing is lost, done twice, or reordered."""

import weakref
from itertools import chain
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pipeline_lib.common.batches import Batches, is_out_of_memory, memory_errors
from pipeline_lib.common.errors import AttemptError, InputError

CPU, GPU = torch.device("cpu"), torch.device("cuda")
ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 43.60 GiB.\nGPU 0 has 39 GiB."),
    torch.OutOfMemoryError(),
    RuntimeError("CUDA error: out of memory"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
    MemoryError(),
]


def limited(limit, error=ERRORS[0], attempts=None):
    """Work that returns the numbers of its batch, and runs out of memory above ``limit`` of them."""

    def work(batch):
        if attempts is not None:
            attempts.append(batch.stop - batch.start)
        if batch.stop - batch.start > limit:
            raise error
        return list(range(batch.start, batch.stop))

    return work


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_item_comes_once_and_in_order_whatever_fits(error):
    for count in (0, 1, 65):
        for size in (1, 80):  # each halving collects garbage, which takes a tenth of a second
            for limit in (1, 64):
                parts = list(Batches(size, CPU).run(limited(limit, error), count))
                assert list(chain.from_iterable(parts)) == list(range(count))
                assert all(0 < len(part) <= min(size, limit) for part in parts)


def test_the_smaller_size_stays_and_is_a_line_of_the_log(monkeypatch):
    lines = []
    log = SimpleNamespace(warning=lambda text, *values: lines.append(text % values))
    monkeypatch.setattr("pipeline_lib.common.batches.log", log)
    attempts, batches = [], Batches(16, CPU)
    assert len(list(batches.run(limited(5, attempts=attempts), 16))) == 4
    assert attempts == [16, 8, 4, 4, 4, 4]
    assert len(list(batches.run(limited(5, attempts=attempts), 8))) == 2
    assert attempts[6:] == [4, 4]
    assert lines == [
        "out of memory on the cpu with 16 images in a batch; going on with 8",
        "out of memory on the cpu with 8 images in a batch; going on with 4",
    ]


def test_the_groups_are_those_of_a_run_that_began_with_the_smaller_batch():
    for count in (32, 37):
        halved = list(Batches(32, CPU).run(limited(8), count))
        assert halved == list(Batches(8, CPU).run(limited(8), count))


@pytest.mark.parametrize(
    ("device", "kind", "remedy"),
    [
        (CPU, AttemptError, "mem_mb in slurm/config.yaml"),  # the next attempt has more
        (GPU, InputError, "gpu_type in slurm/site.yaml"),
    ],
)
def test_an_item_that_does_not_fit_alone_is_one_line(device, kind, remedy):
    with pytest.raises(InputError) as raised:
        list(Batches(1, device, "crop").run(limited(0), 3))
    assert type(raised.value) is kind
    line = str(raised.value)
    assert "a single crop does not fit (CUDA out of memory. Tried to allocate 43.60 GiB.)" in line
    assert remedy in line
    assert "\n" not in line


def test_another_error_is_not_taken_for_exhausted_memory():
    for error in (
        RuntimeError("size mismatch"),
        InputError("net.h5: not found"),
        KeyError("memory"),
    ):
        assert not is_out_of_memory(error)
        with pytest.raises(type(error)):
            list(Batches(4, CPU).run(limited(2, error), 4))
        with pytest.raises(type(error)), memory_errors("the network", CPU):
            raise error


def test_numpys_own_error_counts():
    with pytest.raises(MemoryError) as raised:
        np.empty(1 << 60, np.uint8)
    assert is_out_of_memory(raised.value)


def test_pytorchs_allocator_on_the_cpu_counts():
    with pytest.raises(RuntimeError) as raised:
        torch.empty(1 << 55, dtype=torch.uint8)
    assert is_out_of_memory(raised.value)


def test_what_failed_is_freed_before_the_next_attempt():
    held = []

    def work(batch):
        assert all(reference() is None for reference in held)
        tensor = torch.zeros(batch.stop - batch.start)
        held.append(weakref.ref(tensor))
        if len(tensor) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return float(tensor.sum())

    assert list(Batches(8, CPU).run(work, 4)) == [0.0, 0.0]
    assert len(held) == 3  # of four, of two, of two
