"""Processes without torchrun: how a batch splits, and batch norm that several of them share."""

import pytest
import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.study.configuration.training import TrainingConfig
from pipeline_lib.training.distributed import Processes
from pipeline_lib.training.loop import check_batch_splits


def test_a_batch_that_does_not_split_is_refused():
    check_batch_splits(TrainingConfig(batch=12, accumulate=2), 3)
    with pytest.raises(InputError, match=r"batch of 10 .* 2 equal pieces .* 3 processes"):
        check_batch_splits(TrainingConfig(batch=10, accumulate=2), 3)


def test_batch_norm_shared_on_gpus_keeps_its_names_and_values():
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sequential(nn.BatchNorm2d(4)))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    Processes(0, 2, torch.device("cuda")).sync_batch_norm(network)
    assert isinstance(network[1][0], nn.SyncBatchNorm)
    after = network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)
