import math

import pytest
import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.loader import TrainingCrops, epoch_batches
from pipeline_lib.data.manifest import read_images
from pipeline_lib.index import main as index
from pipeline_lib.training.checkpoint import Checkpoints
from pipeline_lib.training.loop import Recipe, train


@pytest.fixture(scope="module")
def crops(tiny_world, tmp_path_factory):
    path = tmp_path_factory.mktemp("manifest") / "images.csv"
    flags = ["--layout", "ilsvrc-train", "--root", str(tiny_world), "--images", str(path)]
    assert index(flags) == 0
    images = read_images(path)
    classes = sorted(images["label"].unique())
    targets = [classes.index(label) for label in images["label"]]
    return TrainingCrops(tiny_world, images["path"], targets, warp_side=40, crop_side=36, seed=0)


def small_network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)
    )  # fmt: skip


def run(classifier, crops, recipe, folder, **options):
    statistics = {"mean": (0.5,) * 3, "std": (0.25,) * 3, "device": torch.device("cpu")}
    return train(classifier, crops, recipe, Checkpoints(folder, "run"), **statistics, **options)


def test_steps_follow_pytorchs_sgd_on_the_same_batches(crops, tmp_path):
    """One epoch against a loop written here, with biases at twice the rate and no decay."""
    recipe = Recipe(epochs=1, batch=8, rate=0.1, decay=0.1, schedule="step", milestones=(0.5,))
    trained = small_network()
    run(trained, crops, recipe, tmp_path)
    expected = small_network().train()
    named = dict(expected.named_parameters())
    weights = [parameter for name, parameter in named.items() if name.endswith("weight")]
    biases = [parameter for name, parameter in named.items() if name.endswith("bias")]
    optimizers = [
        torch.optim.SGD(weights, 0.1, momentum=0.9, weight_decay=0.1),
        torch.optim.SGD(biases, 0.2, momentum=0.9),
    ]
    for step, batch in enumerate(epoch_batches(len(crops), 8, 0, recipe.seed)):
        items = [crops[key] for key in batch]
        pixels = torch.stack([pixels for pixels, _ in items]).permute(0, 3, 1, 2) / 255
        loss = nn.functional.cross_entropy(
            expected((pixels - 0.5) / 0.25), torch.tensor([target for _, target in items])
        )
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer, rate in zip(optimizers, (0.1, 0.2), strict=True):
            optimizer.param_groups[0]["lr"] = rate * (0.1 if step >= 1.5 else 1.0)
            optimizer.step()
    for ours, theirs in zip(trained.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_it_learns_the_training_images(crops, tmp_path):
    recipe = {"batch": 8, "rate": 0.05, "schedule": "step", "milestones": ()}
    classifier = small_network()
    first = run(classifier, crops, Recipe(epochs=1, **recipe), tmp_path / "first")
    assert first["loss"] == pytest.approx(math.log(10), rel=0.1)
    last = run(classifier, crops, Recipe(epochs=100, **recipe), tmp_path / "rest")
    assert last["loss"] < 0.8 * first["loss"]
    assert last["accuracy"] > 0.25


def test_the_step_schedule_divides_by_ten_at_each_milestone():
    recipe = Recipe(rate=1.0, schedule="step", milestones=(0.25, 0.5, 0.75))
    rates = [recipe.rate_at(part) for part in (0, 0.249, 0.25, 0.5, 0.75, 0.99)]
    assert rates == pytest.approx([1, 1, 0.1, 0.01, 0.001, 0.001])


def test_the_cosine_schedule_against_its_closed_form():
    recipe = Recipe(rate=2.0, schedule="cosine", warmup=0.2)
    assert recipe.rate_at(0) == 0
    assert recipe.rate_at(0.1) == pytest.approx(1.0)
    assert recipe.rate_at(0.2) == pytest.approx(2.0)
    assert recipe.rate_at(0.6) == pytest.approx(1.0)
    assert recipe.rate_at(0.8) == pytest.approx(2 * math.cos(math.pi * 0.375) ** 2)


def test_a_loss_that_is_not_finite_ends_the_run(crops, tmp_path):
    with pytest.raises(InputError, match="smaller rate"):
        run(small_network(), crops, Recipe(epochs=9, batch=8, rate=1e30), tmp_path)


def test_fewer_images_than_a_batch_are_refused(crops, tmp_path):
    with pytest.raises(InputError, match="24 training images"):
        run(small_network(), crops, Recipe(batch=25), tmp_path)
