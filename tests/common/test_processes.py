"""Work in child processes: results in order, one thread each, errors of one line, no pile of tasks."""

import os
import signal
import time

import cv2
import pytest
from threadpoolctl import threadpool_info

from pipeline_lib.common.errors import AttemptError, InputError
from pipeline_lib.common.processes import run_in_processes


def square(number, seconds=0.0):
    time.sleep(seconds)
    return number**2, os.getpid()


@pytest.mark.parametrize("processes", [1, 3])
def test_results_come_in_the_order_of_the_tasks(processes):
    tasks = [(n, 0.05 * (n % 3 == 0)) for n in range(12)]  # every third one is slow
    found = list(run_in_processes(square, tasks, processes))
    assert [value for value, _ in found] == [n**2 for n in range(12)]
    workers = {worker for _, worker in found}
    assert (workers == {os.getpid()}) == (processes == 1)
    assert len(workers) <= processes


def test_only_a_few_tasks_are_drawn_ahead():
    drawn = []
    tasks = ((drawn.append(n) or n,) for n in range(100))
    results = run_in_processes(square, tasks, 2)
    next(results)
    assert len(drawn) <= 6
    results.close()


def threads():
    import numpy as np

    np.ones((2, 2)) @ np.ones((2, 2))
    return cv2.getNumThreads(), {library["num_threads"] for library in threadpool_info()}


def test_each_process_computes_with_one_thread():
    for opencv, libraries in run_in_processes(threads, [()] * 2, 2):
        assert opencv == 1
        assert libraries <= {1}


def refuse(number):
    if number == 2:
        raise InputError(f"{number}.jpg: cannot be decoded")
    return number


@pytest.mark.parametrize("processes", [1, 3])
def test_an_error_of_a_task_is_raised_as_it_is(processes):
    with pytest.raises(InputError, match=r"^2.jpg: cannot be decoded$"):
        list(run_in_processes(refuse, [(n,) for n in range(9)], processes))


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_ends_the_attempt_with_one_line():
    with pytest.raises(AttemptError, match="was killed; is the memory enough") as raised:
        list(run_in_processes(die, [()] * 3, 2))
    assert "\n" not in str(raised.value)
