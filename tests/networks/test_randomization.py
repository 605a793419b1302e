"""Which layers a stage randomizes, and what it makes of their weights."""

import copy

import pytest
import torch
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from pipeline_lib.networks.randomization import randomization_stages, randomize, weights_kept
from pipeline_lib.networks.registry import ARCHITECTURES, build

SIZE = (64, 64)


def network(architecture="googlenet_gap", **options):
    torch.manual_seed(0)
    options = {"width": 0.0625, "half_input": True} | options
    return build(architecture, 5, options).eval()


def owners(classifier):
    """The paths of the modules that have parameters of their own."""
    return {
        path
        for path, module in classifier.named_modules()
        if any(True for _ in module.parameters(recurse=False))
    }


@pytest.mark.parametrize("most", [2, 5, 12, 100])
@pytest.mark.parametrize("architecture", [n for n in ARCHITECTURES if not n.startswith("caffe")])
def test_stages_have_every_layer_once_from_the_scores_down(architecture, most):
    classifier = network(architecture)
    stages = randomization_stages(classifier, SIZE, most)
    paths = [path for stage in stages for path in stage.modules]
    assert len(paths) == len(set(paths))
    assert set(paths) == owners(classifier)
    assert len(stages) <= most
    modules = dict(classifier.named_modules())
    heavy = [path for path in paths if not isinstance(modules[path], nn.BatchNorm2d)]
    in_order = [
        path for path in modules if path in heavy
    ]  # of these networks, also that of running
    assert heavy == in_order[::-1]
    assert stages[0].modules == (in_order[-1],) or most >= len(heavy)
    sizes = [sum(path in heavy for path in stage.modules) for stage in stages[1:]]
    assert max(sizes) - min(sizes) <= 1
    assert [stage.layer for stage in stages][-1] == in_order[0]


def test_a_batch_norm_is_randomized_with_its_convolution():
    for stage in randomization_stages(network(), SIZE, 100)[1:-1]:
        assert [path.rpartition(".")[2] for path in stage.modules] in (["conv", "bn"], ["0"])


def test_layers_run_in_another_order_than_they_are_written_in():
    class Crossed(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.first = nn.Linear(6, 2), nn.Conv2d(3, 6, 3)

        def forward(self, images):
            return self.last(self.first(images).mean((2, 3)))

    stages = randomization_stages(Crossed().eval(), SIZE, 12)
    assert [stage.modules for stage in stages] == [("last",), ("first",)]


def test_all_weights_of_a_transformer_have_a_stage_and_change():
    torch.manual_seed(0)
    classifier = VisionTransformer(64, 16, embed_dim=16, depth=2, num_heads=2, num_classes=5).eval()
    before = copy.deepcopy(classifier.state_dict())
    stages = randomization_stages(classifier, SIZE, 12)
    assert {path for stage in stages for path in stage.modules} == owners(classifier)
    assert "" in stages[-1].modules  # its positions, which are added at the bottom
    for stage in stages:
        randomize(classifier, stage.modules, 0)
    after = classifier.state_dict()
    shuffled = (each["pos_embed"].flatten().sort().values for each in (before, after))
    torch.testing.assert_close(*shuffled)
    assert not torch.equal(before["pos_embed"], after["pos_embed"])
    changed = [key for key in before if not torch.equal(before[key], after[key])]
    assert {key for key in before if before[key].dim() > 1 and key != "cls_token"} <= set(changed)


def test_projections_of_attention_that_do_not_run_themselves_have_a_stage():
    class Attends(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches, self.head = nn.Conv2d(3, 8, 16, 16), nn.Linear(8, 2)
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, images):
            tokens = self.patches(images).flatten(2).transpose(1, 2)
            return self.head(self.attention(tokens, tokens, tokens)[0].mean(1))

    classifier = Attends().eval()
    stages = randomization_stages(classifier, SIZE, 12)
    assert stages[0].modules == ("head",)
    assert {path for stage in stages for path in stage.modules} == owners(classifier)
    before = classifier.attention.in_proj_weight.clone()
    randomize(classifier, ("attention", "attention.out_proj"), 0)
    assert not torch.equal(before, classifier.attention.in_proj_weight)


def test_weights_are_those_of_a_new_module_and_depend_on_seed_and_path_alone():
    first, other = network(), network()
    with torch.no_grad():
        for values in other.parameters():
            values.mul_(3)
        other.trunk.conv1.bn.running_var.fill_(7)
    paths = [path for stage in randomization_stages(first, SIZE, 12) for path in stage.modules]
    state = torch.get_rng_state()
    randomize(first, tuple(paths), 4)
    for path in paths[::-1]:  # in any order, one by one
        randomize(other, (path,), 4)
    assert torch.equal(torch.get_rng_state(), state)
    for key, values in first.state_dict().items():
        assert torch.equal(values, other.state_dict()[key]), key
    assert (first.trunk.conv1.bn.running_var == 1).all()
    weight = first.trunk.inception4e.branch2[1].conv.weight
    bound = weight[0].numel() ** -0.5  # PyTorch's own: uniform up to 1 / sqrt(inputs)
    assert 0.9 * bound < weight.abs().max() <= bound
    again = network()
    randomize(again, tuple(paths), 5)
    assert not torch.equal(again.head.linear.weight, first.head.linear.weight)


def test_only_the_modules_named_change_and_all_is_given_back():
    classifier = network()
    before = {key: values.clone() for key, values in classifier.state_dict().items()}
    with weights_kept(classifier):
        randomize(classifier, ("head.linear", "trunk.conv3.bn"), 0)
        changed = {
            key
            for key, each in classifier.state_dict().items()
            if not torch.equal(each, before[key])
        }
        assert changed == {"head.linear.weight", "head.linear.bias"}  # new norms are as these were
        randomize(classifier, ("trunk.conv3.conv",), 0)
    assert all(torch.equal(each, before[key]) for key, each in classifier.state_dict().items())
