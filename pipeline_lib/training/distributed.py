"""One process or many: who this one is under torchrun, and what all have to agree on.

Alone, every function here is a no-op, so that the loop reads the same for one process and for many.
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

log = logging.getLogger("pipeline_lib")


def own_rank() -> int:
    """Return this process's rank as torchrun's environment tells it; 0 outside torchrun."""
    return int(os.environ.get("RANK", 0))


@dataclass(frozen=True)
class Processes:
    """This process among those of the run: number ``rank`` of ``count``, on ``device``."""

    rank: int
    count: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    def share_batch_norm(self, network: nn.Module) -> None:
        """Let batch norm see all processes' samples, where they are on GPUs; names stay the same."""
        if self.count > 1 and self.device.type == "cuda":
            nn.SyncBatchNorm.convert_sync_batchnorm(network)

    def wrapped(self, network: nn.Module) -> nn.Module:
        """Return the network with its gradients averaged over all processes."""
        if self.count == 1:
            return network
        return nn.parallel.DistributedDataParallel(network)

    def gradients(self, network: nn.Module, last: bool) -> AbstractContextManager:
        """Hold back the exchange of gradients for all but the ``last`` piece of a batch."""
        return nullcontext() if self.count == 1 or last else network.no_sync()

    def total(self, values: torch.Tensor) -> torch.Tensor:
        """Return the sum over all processes, on the CPU; waits for the device."""
        summed = values.cpu()
        if self.count > 1:
            summed = summed.clone()
            dist.all_reduce(summed)
        return summed

    def largest(self, value: int) -> int:
        """Return the largest of all processes' values; does not wait for the device."""
        if self.count == 1:
            return value
        agreed = torch.tensor(value)
        dist.all_reduce(agreed, op=dist.ReduceOp.MAX)
        return int(agreed)

    def gathered(self, value: object) -> list:
        """Return all processes' values in the first one, an empty list in the others."""
        if self.count == 1:
            return [value]
        values = [None] * self.count if self.first else None
        dist.gather_object(value, values)
        return values or []

    def in_the_first(self, work: Callable[[], None]) -> None:
        """Do ``work`` in the first process while the others wait; where it fails, all end."""
        problem: Exception | None = None
        try:
            if self.first:
                work()
        except (InputError, OSError) as error:
            problem = error
        if self.largest(problem is not None):
            raise problem or SystemExit(1)

    def end(self, message: str) -> BaseException:
        """Return what to raise where all end for the same reason: only the first one says it."""
        return InputError(message) if self.first else SystemExit(1)


@contextmanager
def joined() -> Iterator[Processes]:
    """Join the processes that torchrun started with this one, until the run is over.

    With GPUs each process takes the one of its local rank and talks through NCCL, and through Gloo
    about what lies on the CPU; without, through Gloo alone. Raises InputError for fewer GPUs than
    processes.
    """
    rank, count = own_rank(), int(os.environ.get("WORLD_SIZE", 1))
    local = int(os.environ.get("LOCAL_RANK", 0))
    device = torch.device("cpu")
    if torch.cuda.is_available():
        if local >= torch.cuda.device_count():
            raise InputError(
                f"more processes on this machine than its {torch.cuda.device_count()} GPUs; start"
                " fewer (torchrun --nproc-per-node)"
            )
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    if count == 1:
        yield Processes(0, 1, device)
        return
    if rank > 0:
        log.setLevel(logging.WARNING)
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(rank, count, device)
    finally:
        dist.destroy_process_group()
