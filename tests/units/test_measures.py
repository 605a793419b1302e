"""Purity and peaks against the same by hand."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.data.manifest import BOX_COLUMNS, IMAGE_COLUMNS
from pipeline_lib.evaluation.interval import wilson_interval
from pipeline_lib.units.measures import IN_BOX, PURITY, measure_units
from pipeline_lib.units.receptive_field import Axis, ReceptiveField
from pipeline_lib.units.units_file import UnitsFile


def test_measures_against_the_same_by_hand():
    field = ReceptiveField(Axis(0, 20, 20), Axis(0, 20, 20), (100, 100), (5, 5))
    empty = np.zeros(0)
    units = UnitsFile(
        name="net", method="occlusion", field=field, occluder=1, occluded=1, images="",
        files="", precision="float32",
        class_labels=["a", "b"], class_index=np.array([0, 1]), rank=np.array([1, 1]),
        unit=np.array([5, 6]), weight=np.array([0.5, 0.25]), activation=np.ones((2, 4)),
        image=np.array([[0, 1, 2, 3], [3, 0, 1, 4]]),
        position=np.array([[[0, 0], [4, 4], [2, 2], [0, 0]]] * 2),
        class_images=np.array([3, 1]), shown_rows=empty.astype(int),
        maps=empty, drop=empty, shifts=empty,
    )  # fmt: skip
    rows = [(f"i{k}", "", label, 200, 50, 0) for k, label in enumerate(["a", "a", "b", "a", ""])]
    images = pd.DataFrame(rows, columns=list(IMAGE_COLUMNS))
    # half of i0, with two overlapping boxes; a quarter of i3; i1 has none; i2 is of the other class
    boxes = [("i0", "a", 0, 0, 60, 50), ("i0", "a", 40, 0, 100, 50), ("i3", "a", 100, 25, 200, 50)]
    boxes = pd.DataFrame([*boxes, ("i2", "b", 0, 0, 1, 1)], columns=list(BOX_COLUMNS))
    table = measure_units(units, images, boxes, {"a": "A, one", "b": "B"}).set_index(
        ["class", "measure"]
    )
    first = table.loc["a", PURITY]
    assert (first["value"], first["n"], first["chance"], first["max_possible"]) == (75, 4, 75, 75)
    low, high = wilson_interval(np.array([1, 1, 0, 1]))
    assert (first["low"], first["high"]) == pytest.approx((100 * low, 100 * high), abs=1e-4)
    assert first["name"] == "A"
    # of i0 and i3, whose peaks are at (20, 5): inside i0's first box, outside i3's
    located = table.loc["a", IN_BOX]
    assert (located["value"], located["n"], located["chance"]) == (50, 2, 37.5)
    second = table.loc["b", PURITY]
    assert (second["value"], second["n"], second["chance"]) == (0, 3, 25)  # one has no label
    assert ("b", IN_BOX) not in table.index
    assert table.loc["all", PURITY]["value"] == pytest.approx(300 / 7, abs=1e-3)
