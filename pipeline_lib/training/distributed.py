"""Training in several processes under torchrun: ranks, and communication between processes.

With one process nothing here communicates, so that the training loop is the same for one and for many.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.machine import open_device

log = logging.getLogger("pipeline_lib")


def own_rank() -> int:
    """Return this process's rank from torchrun's environment; 0 outside torchrun."""
    return int(os.environ.get("RANK", 0))


@dataclass(frozen=True)
class Processes:
    """The processes of a run: this one has the number ``rank`` of ``count``, and uses ``device``."""

    rank: int
    count: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes files."""
        return self.rank == 0

    def sync_batch_norm(self, network: nn.Module) -> None:
        """On GPUs, let batch norm use all processes' samples; parameter names stay the same."""
        if self.count > 1 and self.device.type == "cuda":
            nn.SyncBatchNorm.convert_sync_batchnorm(network)

    def data_parallel(self, network: nn.Module) -> nn.Module:
        """Return a network whose gradients are averaged over all processes."""
        if self.count == 1:
            return network
        return nn.parallel.DistributedDataParallel(network)

    def gradient_sync(self, network: nn.Module, last: bool) -> AbstractContextManager:
        """Exchange gradients only after the ``last`` piece of a batch."""
        return nullcontext() if self.count == 1 or last else network.no_sync()

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """Return the sum over all processes, on the CPU; waits for the device."""
        summed = values.cpu()
        if self.count > 1:
            summed = summed.clone()
            dist.all_reduce(summed)
        return summed

    def max(self, value: int) -> int:
        """Return the maximum over all processes; does not wait for the device."""
        if self.count == 1:
            return value
        maximum = torch.tensor(value)
        dist.all_reduce(maximum, op=dist.ReduceOp.MAX)
        return int(maximum)

    def gather(self, value: object) -> list:
        """Return all processes' values in the first process, an empty list in the others."""
        if self.count == 1:
            return [value]
        values = [None] * self.count if self.is_first else None
        dist.gather_object(value, values)
        return values or []

    def run_in_first(self, work: Callable[[], None]) -> None:
        """Run ``work`` in the first process while the others wait; if it fails, all processes end."""
        problem: Exception | None = None
        try:
            if self.is_first:
                work()
        except (InputError, OSError) as error:
            problem = error
        if self.max(problem is not None):
            raise problem or SystemExit(1)

    def common_error(self, message: str, kind: type[InputError] = InputError) -> BaseException:
        """Return the exception for an error that all processes have: only the first reports it."""
        return kind(message) if self.is_first else SystemExit(1)


@contextmanager
def join_processes(threads: int = 0) -> Iterator[Processes]:
    """Connect to the other processes that torchrun started, until the end of the block.

    With GPUs, each process uses the one of its local rank; tensors on GPUs are exchanged through NCCL,
    tensors on the CPU through Gloo. ``threads`` and errors are those of ``open_device``.
    """
    rank, count = own_rank(), int(os.environ.get("WORLD_SIZE", 1))
    if rank > 0:
        log.setLevel(logging.WARNING)
    device = open_device(threads, int(os.environ.get("LOCAL_RANK", 0)))
    if count == 1:
        yield Processes(0, 1, device)
        return
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(rank, count, device)
    finally:
        dist.destroy_process_group()
