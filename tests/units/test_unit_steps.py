"""The three steps on a tiny world, and their measures against the same by hand."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from pipeline_lib.data.manifest import BOX_COLUMNS, IMAGE_COLUMNS, write_rows
from pipeline_lib.data.synthetic.ilsvrc import wnid
from pipeline_lib.evaluation.interval import few_interval
from pipeline_lib.networks.artefact import save_network
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.registry import build
from pipeline_lib.steps.data import index
from pipeline_lib.steps.report import draw_units
from pipeline_lib.steps.units import find_units, measure_units
from pipeline_lib.units.geometry import Axis, ReceptiveField
from pipeline_lib.units.purity import IN_BOX, PURITY, measure
from pipeline_lib.units.record import UnitsFile

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

    def shared(self):
        flags = {"units": self.units, "images": self.folder / "images.csv"}
        flags |= {"names": self.folder / "classes.csv"}
        return [f"--{key}={value}" for key, value in flags.items()]

    def measure(self):
        boxes = f"--boxes={self.folder / 'boxes.csv'}"
        return measure_units.main([*self.shared(), boxes, f"--out={self.table}"])

    def draw(self):
        flags = [f"--measures={self.table}", f"--root={self.root}", f"--out={self.figure}"]
        return draw_units.main([*self.shared(), *flags])


@pytest.fixture
def study(tmp_path, tiny_world):
    return Study(tmp_path, tiny_world)


@pytest.mark.parametrize("method", ["occlusion", "disc"])
def test_the_steps_make_a_table_and_a_figure(study, method):
    assert study.find("--method", method) == study.measure() == study.draw() == 0
    table = pd.read_csv(study.table)
    pure = table[table["measure"] == PURITY]
    named = pure[pure["class"] != "all"]
    there = pd.read_csv(study.folder / "images.csv")["label"].value_counts()
    assert sorted(named["class"]) == sorted([*there.index] * 3)
    for row in named.itertuples():
        assert row.chance == pytest.approx(5 * there[row[2]], abs=1e-3)  # of 20 images
        assert row.low <= row.value <= row.high and row.n == 4
        assert row.most == pytest.approx(100 * min(1, there[row[2]] / 4))
    whole = pure[pure["class"] == "all"].iloc[0]
    assert whole["value"] == pytest.approx(named["value"].mean(), abs=1e-3)
    facts = json.loads(study.figure.with_suffix(".json").read_text())
    assert facts["method"] == method and facts["input"] == [64, 64]
    assert len(facts["units"]) == 6 and len(facts["units"][0]["images"]) == 2
    assert {unit["rank"] for unit in facts["units"]} == {1, 2, 3}
    assert facts["units"][0]["purity"]["n"] == 4
    assert study.figure.with_suffix(".pdf").stat().st_size > 1000
    with Image.open(study.figure) as picture:
        assert min(picture.size) > 300


def test_named_classes_are_shown_in_their_order(study):
    assert study.find("--classes", LABELS[7], "striped disc with a yellow bolt") == 0
    with h5py.File(study.units) as file:
        shown = file["class_index"][:][file["shown"][:]]
    assert [LABELS[one] for one in shown] == [LABELS[7]] * 3 + [wnid(0)] * 3


def test_a_class_that_no_image_is_of_is_drawn_without_purity(study):
    path = study.folder / "images.csv"
    path.write_text(path.read_text().replace(LABELS[7], LABELS[8]))
    assert study.find("--classes", LABELS[7]) == study.measure() == study.draw() == 0
    units = json.loads(study.figure.with_suffix(".json").read_text())["units"]
    assert len(units) == 3
    for unit in units:
        assert unit["images_of_the_class"] == 0 and unit["images"]
        assert unit["purity"] is None and unit["in_box"] is None


def test_where_channels_are_classes_a_class_is_its_own_unit(tmp_path, tiny_world):
    study = Study(tmp_path, tiny_world, "nin")
    assert study.find() == study.measure() == study.draw() == 0
    with h5py.File(study.units) as file:
        np.testing.assert_array_equal(file["unit"][:], np.arange(10))
        np.testing.assert_array_equal(file["weight"][:], np.ones(10))
        assert len(file["shown"]) == 2


def test_bad_input_is_one_line(study, capsys):
    assert study.find("--classes", "unicorn") == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert study.measure() == 1
    assert f"{study.units}: not found" in capsys.readouterr().err
    study.units.write_bytes(b"no HDF5")
    assert study.measure() == 1
    assert "not a whole units file" in capsys.readouterr().err
    assert study.find() == 0
    path = study.folder / "images.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    capsys.readouterr()
    assert study.measure() == 1
    assert "made from other images" in capsys.readouterr().err
    label = pd.read_csv(path)["label"][0]
    path.write_text(path.read_text().replace(label, "n00000001"))
    assert study.find() == 1
    assert "class n00000001 is none of the network's" in capsys.readouterr().err


def test_measures_are_what_they_are_said_to_be():
    field = ReceptiveField(Axis(0, 20, 20), Axis(0, 20, 20), (100, 100), (5, 5))
    empty = np.zeros(0)
    found = UnitsFile(
        name="net", method="occlusion", field=field, occluder=1, occluded=1, images="",
        class_labels=["a", "b"], class_index=np.array([0, 1]), rank=np.array([1, 1]),
        unit=np.array([5, 6]), weight=np.array([0.5, 0.25]), activation=np.ones((2, 4)),
        image=np.array([[0, 1, 2, 3], [3, 0, 1, 4]]),
        place=np.array([[[0, 0], [4, 4], [2, 2], [0, 0]]] * 2),
        seen=np.array([3, 1]), shown=empty.astype(int), maps=empty, change=empty, shifts=empty,
    )  # fmt: skip
    rows = [(f"i{k}", "", label, 200, 50, 0) for k, label in enumerate(["a", "a", "b", "a", ""])]
    images = pd.DataFrame(rows, columns=list(IMAGE_COLUMNS))
    # half of i0, with two overlapping boxes; a quarter of i3; i1 has none; i2 is of the other class
    boxes = [("i0", "a", 0, 0, 60, 50), ("i0", "a", 40, 0, 100, 50), ("i3", "a", 100, 25, 200, 50)]
    boxes = pd.DataFrame([*boxes, ("i2", "b", 0, 0, 1, 1)], columns=list(BOX_COLUMNS))
    table = measure(found, images, boxes, {"a": "A, one", "b": "B"}).set_index(["class", "measure"])
    first = table.loc["a", PURITY]
    assert (first["value"], first["n"], first["chance"], first["most"]) == (75, 4, 75, 75)
    low, high = few_interval(np.array([1, 1, 0, 1]))
    assert (first["low"], first["high"]) == pytest.approx((100 * low, 100 * high), abs=1e-4)
    assert first["name"] == "A"
    # of i0 and i3, whose peaks are at (20, 5): inside i0's first box, outside i3's
    located = table.loc["a", IN_BOX]
    assert (located["value"], located["n"], located["chance"]) == (50, 2, 37.5)
    second = table.loc["b", PURITY]
    assert (second["value"], second["n"], second["chance"]) == (0, 3, 25)  # one has no label
    assert ("b", IN_BOX) not in table.index
    assert table.loc["all", PURITY]["value"] == pytest.approx(300 / 7, abs=1e-3)


def test_write_rows_of_a_manifest_without_labels(study):
    rows = pd.read_csv(study.folder / "images.csv").assign(label="")
    write_rows(study.folder / "images.csv", IMAGE_COLUMNS, rows.to_numpy().tolist())
    assert study.find() == study.measure() == 0
    assert pd.read_csv(study.table).empty
