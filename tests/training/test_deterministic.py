"""The option: PyTorch is told, a layer that cannot is one line, and resuming is exact.

There is no GPU here. That the networks' layers are among those that GPUs compute deterministically is
tested against the list in PyTorch's documentation.
"""

import pytest
import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.registry import ARCHITECTURES, build
from pipeline_lib.study.configuration.training import TrainingConfig
from pipeline_lib.training import job
from pipeline_lib.training.checkpoint import Checkpoints
from pipeline_lib.training.distributed import Processes
from pipeline_lib.training.loop import train
from pipeline_lib.training.stop import StopRequest
from tests.training.easy_images import easy_crops

pytestmark = pytest.mark.usefixtures("restored_signal_handlers", "restored_algorithms")


@pytest.fixture
def restored_algorithms(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    benchmark = torch.backends.cudnn.benchmark
    yield
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = benchmark


@pytest.mark.parametrize("deterministic", [False, True])
def test_the_option_reaches_pytorch(tmp_path, deterministic):
    seen = []

    class Watched(nn.Linear):
        def forward(self, images):
            enabled = torch.are_deterministic_algorithms_enabled()
            seen.append((enabled, torch.backends.cudnn.benchmark))
            return super().forward(images.flatten(1))

    config = TrainingConfig(epochs=1, batch=8, deterministic=deterministic)
    train(
        Watched(3 * 8 * 8, 2),
        easy_crops(16, 2, 8),
        config,
        Checkpoints(tmp_path, "run"),
        mean=(0.5,) * 3,
        std=(0.25,) * 3,
        processes=Processes(0, 1, torch.device("cpu")),
        stop=StopRequest(),
        workers=0,
        save_every=10,
        log_every=1,
    )
    assert seen == [(deterministic, not deterministic)] * 2


def test_a_layer_that_cannot_is_one_line():
    text = (
        "avg_pool3d_backward_cuda does not have a deterministic implementation, but you set 'torch"
    )
    with (
        pytest.raises(
            InputError, match=r"^NIN: recipe\.deterministic: .* avg_pool3d_backward_cuda;"
        ),
        job._deterministic_errors("NIN", True),
    ):
        raise RuntimeError(text)
    with (
        pytest.raises(RuntimeError, match="something else"),
        job._deterministic_errors("NIN", True),
    ):
        raise RuntimeError("something else")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_papers_networks_have_only_layers_that_gpus_compute_deterministically(architecture):
    """Of PyTorch's list: AdaptiveMaxPool2d never, AdaptiveAvgPool2d only to 1x1 (a mean) or not at
    all, AvgPool3d (LRN) never. Caffe's networks have LRN."""
    side = 227 if architecture.startswith("caffe_alexnet") else 224
    classifier = build(architecture, 10, {"width": 0.0625})
    refused = []

    def check(module, inputs, output):
        if isinstance(module, nn.LocalResponseNorm):
            refused.append("LRN")
        if type(module) is nn.AdaptiveMaxPool2d:
            refused.append("max")
        is_adaptive = isinstance(module, nn.AdaptiveAvgPool2d)
        if is_adaptive and output.shape[2:] != (1, 1) and output is not inputs[0]:
            refused.append("average")

    for module in classifier.modules():
        module.register_forward_hook(check)
    with torch.inference_mode():
        classifier.eval()(torch.randn(1, 3, side, side))
    has_lrn = architecture.startswith(("caffe_alexnet", "caffe_googlenet"))
    assert set(refused) == ({"LRN"} if has_lrn else set())
