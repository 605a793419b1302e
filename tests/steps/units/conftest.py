"""A network, the tiny world's validation images, and the steps run on them."""

import pytest
import torch

from pipeline_lib.data.synthetic.ilsvrc import wnid
from pipeline_lib.networks.artefact import save_network
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.registry import build
from pipeline_lib.steps.data import index
from pipeline_lib.steps.report import plot
from pipeline_lib.steps.units import find_units, measure_units

LABELS = sorted(wnid(kind) for kind in range(10))


class Study:
    """A folder with a network, the tiny world's val manifest, and what the steps write."""

    def __init__(self, folder, world, architecture="alexnetplus_gap"):
        self.folder, self.root = folder, world
        self.network, self.units = folder / "net.safetensors", folder / "units.h5"
        self.table, self.figure = folder / "units.csv", folder / "figure13.png"
        torch.manual_seed(0)
        options = {"width": 0.0625, "half_input": True, "batch_norm": True}
        classifier = build(architecture, len(LABELS), options)
        card = NetworkCard("net", "trained", architecture, options, LABELS, Preprocessing((64, 64)))
        save_network(self.network, card, classifier.state_dict())
        flags = [f"--{name}={folder / f'{name}.csv'}" for name in ("images", "boxes", "classes")]
        layout = ["--layout", "ilsvrc-val", "--root", str(world), "--expected", "20"]
        assert index.main([*layout, *flags]) == 0

    def find(self, *more):
        flags = {"network": self.network, "images": self.folder / "images.csv", "root": self.root}
        flags |= {"names": self.folder / "classes.csv", "top": 4, "shown": 2, "count": 2}
        flags |= {"occluded": 2, "occluder": 44, "stride": 44, "threads": 1, "out": self.units}
        return find_units.main([*(f"--{key}={value}" for key, value in flags.items()), *more])

    def measure(self):
        flags = {"units": self.units, "names": self.folder / "classes.csv", "out": self.table}
        flags |= {name: self.folder / f"{name}.csv" for name in ("images", "boxes")}
        return measure_units.main([f"--{key}={value}" for key, value in flags.items()])

    def plot(self):
        files = {"units": self.units, "measures": self.table}
        files |= {role: self.folder / f"{role}.csv" for role in ("images", "classes")}
        inputs = [word for role, path in files.items() for word in ("--input", role, str(path))]
        flags = ["--roots", str(self.root), "--out", str(self.figure)]
        return plot.main(["--figure", "figure13", *inputs, *flags])


@pytest.fixture
def labels():
    """The network's classes, in order."""
    return LABELS


@pytest.fixture
def study(tmp_path, tiny_world):
    return Study(tmp_path, tiny_world)


@pytest.fixture
def nin_study(tmp_path, tiny_world):
    """With a network whose maps are its classes' own."""
    return Study(tmp_path, tiny_world, "nin")
