"""Work on several cores of one machine, its results in order."""

import itertools
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from multiprocessing.connection import wait
from typing import TypeVar

from pipeline_lib.common.errors import AttemptError
from pipeline_lib.common.machine import keep_freed_memory

Result = TypeVar("Result")

_AHEAD = 2  # tasks for each process that are handed out before the first result is taken
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_in_processes(
    function: Callable[..., Result], tasks: Iterable[tuple], processes: int
) -> Iterator[Result]:
    """Yield ``function(*task)`` for each task, in order, computed in child processes if several.

    The children compute with one thread each. Tasks are drawn as they are needed, so that an iterator
    over large ones keeps only a few in memory; arguments and results are pickled. The error of a task
    is raised here, and ends all others. Raises AttemptError where a child process was killed.
    """
    if processes <= 1:
        yield from itertools.starmap(function, tasks)
        return
    context = multiprocessing.get_context("spawn")  # HDF5 and OpenCV do not survive a fork
    with ProcessPoolExecutor(processes, context, initializer=_start) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(function, *task))
                if len(waiting) > _AHEAD * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenExecutor:
            raise AttemptError(
                "a process that shared the work was killed; is the memory enough (mem_mb in "
                "slurm/config.yaml)?"
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _start() -> None:
    """Limit this process to one thread, keep its memory, and end it if its parent is killed.

    Idle workers would otherwise wait for tasks for ever.
    """
    os.environ.update(dict.fromkeys(_THREADS, "1"))  # for libraries that are loaded later
    import cv2
    from threadpoolctl import threadpool_limits

    cv2.setNumThreads(1)
    threadpool_limits(1)
    keep_freed_memory()

    def watch() -> None:
        wait([multiprocessing.parent_process().sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
