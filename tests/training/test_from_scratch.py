"""Training from scratch: every network learns, and one that does not is given up, early and clearly."""

import csv
import math

import numpy as np
import pytest
import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.networks.initial_weights import start_at_random
from pipeline_lib.networks.registry import ARCHITECTURES, build
from pipeline_lib.study.configuration.training import TrainingConfig
from pipeline_lib.training.checkpoint import Checkpoints
from pipeline_lib.training.distributed import Processes
from pipeline_lib.training.guessing import GuessingWatch
from pipeline_lib.training.loop import train
from pipeline_lib.training.stop import StopRequest
from tests.training.easy_images import easy_crops

pytestmark = pytest.mark.usefixtures("restored_signal_handlers")

SMALL = {"width": 0.125, "half_input": True}
LOSS_OF_1000 = math.log(1000)


def side_of(architecture):
    """Small inputs, as far as the network has layers for them."""
    if architecture == "nin":
        return 112
    return 115 if "alexnet" in architecture else 64


def run(classifier, crops, config, folder, **options):
    options = {"workers": 0, "save_every": 1000, "log_every": 10, "history": folder} | options
    return train(
        classifier,
        crops,
        config,
        Checkpoints(folder / "checkpoints", "run"),
        mean=(0.5,) * 3,
        std=(0.25,) * 3,
        processes=Processes(0, 1, torch.device("cpu")),
        stop=StopRequest(),
        **options,
    )


def losses(folder):
    with open(folder / "history.csv", newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def _slow_if_of_caffe(name):
    """The layers of Caffe's networks are those of the others, but for their sizes."""
    return pytest.param(name, marks=[pytest.mark.slow] if name.startswith("caffe_") else [])


@pytest.mark.parametrize("architecture", [_slow_if_of_caffe(name) for name in ARCHITECTURES])
def test_each_architecture_learns_in_a_hundred_steps_at_full_depth(architecture, tmp_path):
    """Without batch norm where it can be left out, five classes, the paper's rate for NIN."""
    crops = easy_crops(160, 5, side_of(architecture))
    torch.manual_seed(0)
    classifier = build(architecture, 5, SMALL)
    start_at_random(classifier)
    config = TrainingConfig(epochs=10, batch=16, rate=0.01, schedule="cosine")
    run(classifier, crops, config, tmp_path)
    assert len(losses(tmp_path)) == 10
    assert min(losses(tmp_path)) < 0.95 * math.log(5)


@pytest.mark.parametrize("architecture", ["nin", "vgg16", "caffe_googlenet_gap"])
def test_maps_neither_vanish_nor_grow_on_the_way_through(architecture):
    """He et al.'s condition: the outputs of the last layers vary about as the first one's do."""
    torch.manual_seed(0)
    classifier = build(architecture, 20, {"width": 0.5, "half_input": True})
    start_at_random(classifier)
    deviations = []
    for module in classifier.trunk.modules():
        if isinstance(module, nn.Conv2d):
            assert not module.bias.any()
            module.register_forward_hook(lambda *args: deviations.append(args[2].std().item()))
    with torch.inference_mode():
        classifier.eval()(torch.randn(4, 3, side_of(architecture), side_of(architecture)))
    assert 0.2 < deviations[-1] / deviations[0] < 5


def test_networks_with_batch_norm_keep_pytorchs_values():
    torch.manual_seed(0)
    classifier = build("vgg16_gap", 10, {**SMALL, "batch_norm": True})
    before = {name: tensor.clone() for name, tensor in classifier.state_dict().items()}
    start_at_random(classifier)
    assert all(torch.equal(before[name], t) for name, t in classifier.state_dict().items())


def test_a_network_whose_scores_are_zero_is_given_up_at_once(tmp_path):
    """What PyTorch's initial values do to NIN: after a while every score is zero, for good."""
    crops = easy_crops(160, 10, 68)
    torch.manual_seed(0)
    classifier = build("nin", 10, SMALL)
    nn.init.constant_(classifier.head[0].bias, -1e3)  # the last ReLU
    config = TrainingConfig(epochs=60, batch=16, rate=0.01)
    with pytest.raises(InputError) as problem:
        run(classifier, crops, config, tmp_path, name="NIN")
    (line,) = str(problem.value).splitlines()
    assert line.startswith("NIN: dead at step 100 of 600: all images have the same scores")
    assert f"loss {math.log(10):.3f}" in line
    assert "batch_norm" in line
    with pytest.raises(InputError, match="NIN: gives every image and class the same score"):
        ClassMapNetwork(classifier, (68, 68), "NIN")


def test_a_dead_trunk_is_noticed_behind_a_bias_that_learns(tmp_path):
    crops = easy_crops(40, 2, 36)
    classifier = nn.Sequential(
        nn.Conv2d(3, 8, 5), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)
    )
    nn.init.constant_(classifier[0].bias, -1e3)
    with pytest.raises(InputError, match="the network: dead at step 5 of 5"):  # at the end
        run(classifier, crops, TrainingConfig(epochs=1, batch=8), tmp_path)


def test_a_training_at_chance_is_given_up_after_half_of_the_run(tmp_path):
    """Scores that vary and have nothing to do with the image's class."""

    class Noise(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))

        def forward(self, images):
            return self.scale * torch.randn(len(images), 4)

    crops = easy_crops(160, 4, 8)
    options = {"give_up_after": 2000, "name": "Noise"}
    config = TrainingConfig(epochs=60, batch=16, rate=0.0001)
    with pytest.raises(
        InputError, match=r"Noise: still guesses at step 300 of 600: loss 1\..*chance"
    ):
        run(Noise(), crops, config, tmp_path / "a", **options)
    short = TrainingConfig(epochs=20, batch=16, rate=0.0001)
    with pytest.raises(InputError, match="still guesses at step 100 of 200"):
        run(Noise(), crops, short, tmp_path / "b", **options)
    assert run(Noise(), crops, short, tmp_path / "c", give_up_after=0)["steps"] == 200
    few = TrainingConfig(epochs=2, batch=16)  # too few images for a verdict
    assert run(Noise(), crops, few, tmp_path / "d", **options)["steps"] == 20


def test_resumed_runs_go_on_counting(tmp_path):
    class Noise(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))

        def forward(self, images):
            return self.scale * torch.randn(len(images), 4)

    class Once(StopRequest):
        pending = property(lambda self: 1 if next(self.steps) == 150 else 0)
        steps = None

    crops = easy_crops(160, 4, 8)
    config = TrainingConfig(epochs=60, batch=16, rate=0.0001)
    stop = Once()
    stop.steps, stop.minutes = iter(range(1, 1000)), 1
    arguments = {
        "mean": (0.5,) * 3, "std": (0.25,) * 3, "processes": Processes(0, 1, torch.device("cpu")),
        "workers": 0, "save_every": 1000, "log_every": 10, "give_up_after": 2000,
    }  # fmt: skip
    checkpoints = Checkpoints(tmp_path, "run")
    with pytest.raises(InputError, match="at step 150"):
        train(Noise(), crops, config, checkpoints, stop=stop, **arguments)
    assert checkpoints.newest()["at_chance"] == 100
    with pytest.raises(InputError, match="still guesses at step 300 of 600"):
        train(Noise(), crops, config, checkpoints, stop=StopRequest(), **arguments)


def windows(watch, steps, batch, accuracy, loss, rng, chance_loss=LOSS_OF_1000):
    """What the watch says of a run whose accuracy and loss are functions of the step."""
    start = 0
    for step in range(1, steps + 1):
        if watch.ends_window(step):
            samples = (step - start) * batch
            correct = rng.binomial(samples, accuracy(step))
            sums = (samples * loss(step), correct, samples * chance_loss)
            if watch.verdict(step, samples, *sums, 1.0):
                return step
            start = step
    return None


def imagenet_watch(steps, batch, **recipe):
    targets = [index % 1000 for index in range(100_000)]
    return GuessingWatch("x", targets, TrainingConfig(batch=batch, **recipe), steps, 2000)


def test_slow_starts_are_not_taken_for_guessing():
    rng = np.random.default_rng(0)
    from_scratch = imagenet_watch(
        450_000, 256
    )  # the paper study's NIN: on the plateau for an epoch
    assert not windows(
        *(from_scratch, 450_000, 256),
        accuracy=lambda step: 0.001 if step < 5000 else min(0.6, 0.001 + (step - 5000) * 1e-6),
        loss=lambda step: 6.908 if step < 5000 else 6.5,
        rng=rng,
    )
    fine_tuned = imagenet_watch(160_000, 64, warmup=0.1)  # at chance as long as it warms up
    assert not windows(
        *(fine_tuned, 160_000, 64),
        accuracy=lambda step: 0.001 if step < 16_000 else 0.3,
        loss=lambda step: 6.95 if step < 16_000 else 4.0,
        rng=rng,
    )
    by_loss = imagenet_watch(450_000, 256)  # no more right answers, but better scores
    assert not windows(by_loss, 450_000, 256, accuracy=lambda _: 0.001, loss=lambda _: 6.9, rng=rng)


def test_guessing_is_noticed_within_two_epochs_of_imagenet():
    rng = np.random.default_rng(0)
    watch = imagenet_watch(450_000, 256)
    ended = windows(watch, 450_000, 256, accuracy=lambda _: 0.001, loss=lambda _: 6.9078, rng=rng)
    assert 7_500 < ended < 2.2 * 1_281_167 / 256
    collapsed = windows(
        *(imagenet_watch(450_000, 256), 450_000, 256),
        accuracy=lambda step: 0.3 if step < 100_000 else 0.001,
        loss=lambda step: 4.0 if step < 100_000 else 6.91,
        rng=rng,
    )
    assert 107_000 < collapsed < 112_000


@pytest.mark.parametrize("largest", [0.5, 0.9, 0.99])
def test_chance_is_that_of_the_classes_frequencies(largest):
    """Of two classes one is the larger: to name it always is chance, to do better is not."""
    targets = [0] * round(10_000 * largest) + [1] * round(10_000 * (1 - largest))
    entropy = -(largest * math.log(largest) + (1 - largest) * math.log(1 - largest))
    rng = np.random.default_rng(0)
    for accuracy, loss, is_given_up in (
        (largest, entropy, True),
        (largest, 1.2 * entropy, True),
        (largest, 0.9 * entropy, False),
        (1.0, 0.01 * entropy, False),
    ):
        watch = GuessingWatch("x", targets, TrainingConfig(batch=50), 2000, 2000)
        assert [round(v, 4) for v in watch.losses.tolist()] == [
            round(-math.log(largest), 4), round(-math.log(1 - largest), 4)
        ]  # fmt: skip
        ended = windows(
            *(watch, 2000, 50, lambda _, a=accuracy: a, lambda _, v=loss: v, rng, entropy)
        )
        assert bool(ended) == is_given_up, (accuracy, loss)


def test_where_there_is_one_class_there_is_nothing_to_guess():
    watch = GuessingWatch("x", [0] * 1000, TrainingConfig(batch=10), 1000, 2000)
    rng = np.random.default_rng(0)
    assert not windows(watch, 1000, 10, lambda _: 1.0, lambda _: 0.0, rng, 0.0)


def test_luck_is_taken_for_learning_once_in_thousands():
    """The binomial bound against the binomial itself: 20,000 windows of pure guessing."""
    rng = np.random.default_rng(1)
    targets = [index % 10 for index in range(1000)]
    watch = GuessingWatch("x", targets, TrainingConfig(batch=10), 10**9, 10**9)
    learned = 0
    for window in range(20_000):
        watch.at_chance = 0
        sums = (1000 * 2.31, rng.binomial(1000, 0.1), 1000 * math.log(10))
        watch.verdict(1000 * (window + 1), 1000, *sums, 1.0)
        learned += watch.at_chance == 0
    assert learned <= 6
