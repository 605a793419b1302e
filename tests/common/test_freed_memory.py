"""Memory that is freed is used again: new memory would cost a page fault for each of its pages."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, numpy as np
from pipeline_lib.common.machine import keep_freed_memory
{}
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        np.ones(8 << 20, np.float64)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults(); print(faults())
"""
PAGES = 50 * 64 * 1024 // 4  # of fifty arrays of 64 MiB


def faults(setting):
    done = subprocess.run(
        [sys.executable, "-c", FAULTS.format(setting)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting is glibc's")
def test_large_arrays_reuse_the_memory_of_freed_ones():
    kept, given_back = faults("keep_freed_memory()"), faults("")
    assert kept < given_back / 20
    assert kept < PAGES / 100
