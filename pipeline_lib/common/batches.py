"""Batches that fit the memory: one that does not is halved, and the work goes on from there."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from pipeline_lib.common.command import log
from pipeline_lib.common.errors import AttemptError, InputError, reason_of

if TYPE_CHECKING:
    import torch

Result = TypeVar("Result")

# What PyTorch, cuDNN, cuBLAS and the CPU's allocator say in a RuntimeError.
_MESSAGES = ("out of memory", "can't allocate memory", "STATUS_ALLOC_FAILED")


class Batches:
    """Runs work over items in batches of at most ``size``, smaller ones once the memory is exhausted.

    ``unit`` names one item in messages.
    """

    def __init__(self, size: int, device: torch.device, unit: str = "image") -> None:
        self.size, self.device, self.unit = size, device, unit

    def run(self, work: Callable[[slice], Result], count: int) -> Iterator[Result]:
        """Yield ``work(batch)`` for consecutive slices that cover ``range(count)``, in order.

        A slice whose work runs out of memory is worked on again in smaller ones, so ``work`` must
        change nothing until it is done. The smaller size stays for what follows. Raises InputError if
        a single item does not fit.
        """
        start = 0
        while start < count:
            stop = min(start + self.size, count)
            try:
                result = work(slice(start, stop))
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                reason = reason_of(error)
            else:
                yield result
                start = stop
                continue
            # Only here, after the handler, are the frames gone that held the failed batch's tensors.
            self._halve(stop - start, reason)

    def _halve(self, failed: int, reason: str) -> None:
        if failed == 1:
            raise _exhausted(f"a single {self.unit} does not fit", self.device, reason)
        while self.size >= failed:
            self.size //= 2
        log.warning(
            "out of memory on the %s with %d %ss in a batch; going on with %d",
            *(self.device.type, failed, self.unit, self.size),
        )
        gc.collect()
        if self.device.type == "cuda":
            sys.modules["torch"].cuda.empty_cache()


@contextmanager
def memory_errors(what: str, device: torch.device, remedy: str = "") -> Iterator[None]:
    """Turn exhausted memory into an InputError that says ``what`` does not fit, and the ``remedy``."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        reason = reason_of(error)
        raise _exhausted(f"{what} does not fit", device, reason, remedy) from None


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that the memory, of a GPU or of the machine, is exhausted."""
    if isinstance(error, MemoryError):
        return True
    # By name: this module does not import PyTorch, and 2.5 is the first with torch.OutOfMemoryError.
    by_type = any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__)
    by_text = isinstance(error, RuntimeError) and any(text in str(error) for text in _MESSAGES)
    return by_type or by_text


def _exhausted(problem: str, device: torch.device, reason: str, remedy: str = "") -> InputError:
    """Return the error to raise: of a processor, the next attempt of a job has more memory."""
    kind, larger = AttemptError, "raise mem_mb in slurm/config.yaml, or take a larger machine"
    if device.type == "cuda":
        kind, larger = InputError, "take a GPU with more memory (gpu_type in slurm/site.yaml)"
    remedies = " or ".join(filter(None, (remedy, larger)))
    return kind(f"out of memory on the {device.type}: {problem} ({reason}); {remedies}")
