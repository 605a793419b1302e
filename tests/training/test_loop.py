import csv
import math

import pytest
import torch
from torch import nn

from pipeline_lib.common import machine
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.loader import TrainingCrops, WarpedImages, training_batches
from pipeline_lib.data.manifest import read_images
from pipeline_lib.study.configuration.training import TrainingConfig
from pipeline_lib.training.checkpoint import Checkpoints
from pipeline_lib.training.distributed import Processes
from pipeline_lib.training.loop import train
from pipeline_lib.training.stop import StopRequest
from tests.stored import stored

pytestmark = pytest.mark.usefixtures("restored_signal_handlers")


class InMemory(torch.utils.data.Dataset):
    """Images held in memory, so that a step takes milliseconds."""

    def __init__(self, images):
        self.images = [images[index].numpy() for index in range(len(images))]

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index]


@pytest.fixture(scope="module")
def crops(training_manifest, tiny_world):
    images = read_images(training_manifest)
    classes = sorted(images["label"].unique())
    targets = [classes.index(label) for label in images["label"]]
    squares = InMemory(WarpedImages(stored(tiny_world, images["path"]), (40, 40)))
    return TrainingCrops(squares, targets, crop_side=36, seed=0)


def small_network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)
    )  # fmt: skip


def with_batch_norm():
    network = small_network()
    network[1] = nn.BatchNorm2d(8)
    return network


def run(classifier, crops, config, folder, **options):
    options = {"workers": 0, "save_every": 100, "log_every": 10, "stop": StopRequest()} | options
    return train(
        classifier,
        crops,
        config,
        Checkpoints(folder / "checkpoints", "run"),
        mean=(0.5,) * 3,
        std=(0.25,) * 3,
        processes=Processes(0, 1, torch.device("cpu")),
        **options,
    )


def read_losses(folder):
    with open(folder / "history.csv", newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def test_steps_follow_pytorchs_sgd_on_the_same_batches(crops, tmp_path):
    """One epoch against a loop written here, with biases at twice the rate and no decay."""
    config = TrainingConfig(
        epochs=1, batch=8, rate=0.1, decay=0.1, schedule="step", milestones=(0.5,)
    )
    trained = small_network()
    metrics = run(trained, crops, config, tmp_path, history=tmp_path, log_every=1)
    expected = small_network().train()
    named = dict(expected.named_parameters())
    weights = [parameter for name, parameter in named.items() if name.endswith("weight")]
    biases = [parameter for name, parameter in named.items() if name.endswith("bias")]
    optimizers = [
        torch.optim.SGD(weights, 0.1, momentum=0.9, weight_decay=0.1),
        torch.optim.SGD(biases, 0.2, momentum=0.9),
    ]
    losses, right = [], 0
    for step, batch in enumerate(training_batches(len(crops), 8, config.seed, range(3))):
        items = [crops[key] for key in batch]
        pixels = torch.stack([pixels for pixels, _ in items]).permute(0, 3, 1, 2) / 255
        logits = expected((pixels - 0.5) / 0.25)
        targets = torch.tensor([target for _, target in items])
        loss = nn.functional.cross_entropy(logits, targets)
        losses.append(loss.item())
        right += (logits.argmax(1) == targets).sum().item()
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer, rate in zip(optimizers, (0.1, 0.2), strict=True):
            optimizer.param_groups[0]["lr"] = rate * (0.1 if step >= 1.5 else 1.0)
            optimizer.step()
    for ours, theirs in zip(trained.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    assert read_losses(tmp_path) == pytest.approx(losses, rel=1e-5)
    assert metrics.pop("precision") == "float32"
    assert metrics == pytest.approx({"steps": 3, "loss": sum(losses) / 3, "accuracy": right / 24})


def test_it_learns_the_training_images(crops, tmp_path):
    config = {"batch": 8, "rate": 0.05, "schedule": "step", "milestones": ()}
    classifier = small_network()
    first = run(classifier, crops, TrainingConfig(epochs=1, **config), tmp_path / "first")
    assert first["loss"] == pytest.approx(math.log(10), rel=0.1)
    last = run(classifier, crops, TrainingConfig(epochs=100, **config), tmp_path / "rest")
    assert last["loss"] < 0.8 * first["loss"]
    assert last["accuracy"] > 0.25


def test_a_batch_in_pieces_gives_what_one_piece_does(crops, tmp_path):
    found = {}
    for accumulate in (1, 2, 4):
        classifier, folder = small_network(), tmp_path / str(accumulate)
        config = TrainingConfig(epochs=8, batch=8, rate=0.05, accumulate=accumulate)
        run(classifier, crops, config, folder, history=folder, log_every=1)
        found[accumulate] = classifier.state_dict(), read_losses(folder)
    assert len(found[1][1]) == 24
    for accumulate in (2, 4):
        assert found[accumulate][1] == pytest.approx(found[1][1], abs=1e-4)
        for name, tensor in found[1][0].items():
            torch.testing.assert_close(found[accumulate][0][name], tensor, rtol=0, atol=1e-4)


def test_the_kept_weights_are_the_moving_average_of_every_steps(crops, tmp_path):
    """Against the average's closed form over the weights that each step left behind."""
    left_behind = []

    def note(classifier, _inputs):
        state = classifier.state_dict()
        left_behind.append({name: tensor.clone() for name, tensor in state.items()})

    config = {"epochs": 4, "batch": 8, "rate": 0.1}
    plain, averaged = with_batch_norm(), with_batch_norm()
    plain.register_forward_pre_hook(note)
    run(plain, crops, TrainingConfig(**config), tmp_path / "plain")
    run(averaged, crops, TrainingConfig(**config, ema=0.8), tmp_path / "averaged")
    after = [*left_behind[1:], plain.state_dict()]
    assert len(after) == 12
    parts = [0.8**11, *(0.2 * 0.8 ** (11 - step) for step in range(1, 12))]
    for name, tensor in averaged.state_dict().items():
        if name.endswith("num_batches_tracked"):
            assert tensor == 12
        else:
            expected = sum(part * state[name] for part, state in zip(parts, after, strict=True))
            torch.testing.assert_close(tensor, expected, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(averaged[0].weight, plain[0].weight, atol=1e-4)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_computes_in_it_and_keeps_weights_in_float32(
    crops, tmp_path, precision, monkeypatch
):
    monkeypatch.setattr(machine, "_cpu_flags", lambda: {"avx512_bf16", "avx512_fp16"})
    config = {"epochs": 4, "batch": 8, "rate": 0.05}
    seen, classifier, exact = set(), small_network(), small_network()
    classifier[0].register_forward_hook(lambda _module, _inputs, output: seen.add(output.dtype))
    run(
        classifier,
        crops,
        TrainingConfig(**config, precision=precision),
        tmp_path / "half",
        save_every=5,
    )
    run(exact, crops, TrainingConfig(**config), tmp_path / "exact")
    assert seen == {getattr(torch, precision)}
    scaler = Checkpoints(tmp_path / "half" / "checkpoints", "run").newest()["scaler"]
    assert ("scale" in scaler) == (precision == "float16")
    for ours, theirs in zip(classifier.parameters(), exact.parameters(), strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0.01)


def test_a_precision_that_the_processor_lacks_is_replaced(crops, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_cpu_flags", lambda: {"avx2"})
    config = {"epochs": 1, "batch": 8, "rate": 0.05}
    seen, classifier, exact = set(), small_network(), small_network()
    classifier[0].register_forward_hook(lambda _module, _inputs, output: seen.add(output.dtype))
    half = TrainingConfig(**config, precision="bfloat16")
    assert run(classifier, crops, half, tmp_path / "half")["precision"] == "float32"
    assert seen == {torch.float32}
    run(exact, crops, TrainingConfig(**config), tmp_path / "exact")
    assert torch.equal(classifier[0].weight, exact[0].weight)


def test_a_resumed_run_keeps_its_precision_or_says_that_it_cannot(crops, tmp_path, monkeypatch):
    """Stopped after one step in three and taken to another machine, both ways."""

    class AfterOneStep(StopRequest):
        pending = 1

    def go_on(folder, flags, **options):
        monkeypatch.setattr(machine, "_cpu_flags", lambda: flags)
        config = TrainingConfig(epochs=1, batch=8, precision="bfloat16")
        return run(small_network(), crops, config, tmp_path / folder, **options)

    new, old = {"avx512_bf16"}, {"avx2"}
    with pytest.raises(InputError, match="at step 1"):
        go_on("a", new, stop=AfterOneStep(0))
    with pytest.raises(InputError, match="began in bfloat16, which this machine lacks"):
        go_on("a", old)
    assert go_on("a", new)["precision"] == "bfloat16"
    with pytest.raises(InputError, match="at step 1"):
        go_on("b", old, stop=AfterOneStep(0))
    assert go_on("b", new)["precision"] == "float32"


def test_a_compiled_networks_checkpoints_and_weights_have_plain_names(crops, tmp_path, monkeypatch):
    compiled = []

    def eager(network):
        compiled.append(network)
        return whole(network, backend="eager")

    whole = torch.compile
    monkeypatch.setattr(torch, "compile", eager)
    config = {"epochs": 1, "batch": 8, "rate": 0.05}
    classifier, plain = small_network(), small_network()
    run(
        classifier,
        crops,
        TrainingConfig(**config, compile=True),
        tmp_path / "compiled",
        save_every=2,
    )
    run(plain, crops, TrainingConfig(**config), tmp_path / "plain")
    assert compiled == [classifier]
    saved = Checkpoints(tmp_path / "compiled" / "checkpoints", "run").newest()
    assert list(saved["classifier"]) == list(plain.state_dict())
    for name, tensor in plain.state_dict().items():
        torch.testing.assert_close(classifier.state_dict()[name], tensor)


def test_a_checkpoint_says_how_it_was_made(crops, tmp_path):
    config = TrainingConfig(epochs=1, batch=8, ema=0.5)
    run(small_network(), crops, config, tmp_path, save_every=2)
    saved = Checkpoints(tmp_path / "checkpoints", "run").newest()
    assert saved["step"] == 2
    assert saved["configuration"]["ema"] == 0.5
    assert set(saved) >= {"classifier", "optimizer", "scaler", "average", "ranks"}
    assert len(saved["ranks"]) == 1


def test_a_loss_that_is_not_finite_ends_the_run(crops, tmp_path):
    config = TrainingConfig(epochs=9, batch=8, rate=1e30)
    with pytest.raises(InputError, match="not finite at or before step 2; choose a smaller rate"):
        run(small_network(), crops, config, tmp_path, log_every=2)
    with pytest.raises(InputError, match="not finite at or before step 3"):  # an epoch's end
        run(small_network(), crops, config, tmp_path / "rare", log_every=100)


def test_a_spoiled_network_is_not_saved(crops, tmp_path):
    config = TrainingConfig(epochs=9, batch=8, rate=1e30)
    with pytest.raises(InputError, match="at or before step 2"):
        run(small_network(), crops, config, tmp_path, log_every=100, save_every=2)
    assert not list(tmp_path.rglob("*.pt"))


def test_fewer_images_than_a_batch_are_refused(crops, tmp_path):
    with pytest.raises(InputError, match="24 training images"):
        run(small_network(), crops, TrainingConfig(batch=25), tmp_path)


def test_a_batch_that_does_not_split_into_its_pieces_is_refused(crops, tmp_path):
    with pytest.raises(InputError, match="does not split into 3 equal pieces"):
        run(small_network(), crops, TrainingConfig(batch=8, accumulate=3), tmp_path)
