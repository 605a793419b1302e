"""The mini study's own results, where `make demo` has made them: what the demo is there to show."""

import json

import cv2
import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.data.manifest import read_images
from pipeline_lib.synthetic.ilsvrc import scene_of
from pipeline_lib.units.purity import IN_BOX, PURITY
from pipeline_lib.units.record import read_units


@pytest.fixture(scope="module")
def results(repository):
    folder = repository / "results" / "mini"
    if not (folder / "report" / "index.html").exists():
        pytest.skip("no results of the mini study: run make demo")
    return folder


@pytest.fixture(scope="module")
def table2(results):
    return pd.read_csv(results / "tables" / "table2.csv").set_index(["row", "metric"])["ours"]


@pytest.mark.parametrize("table", ["table1", "table2", "table3"])
def test_every_row_of_the_paper_is_filled_but_for_the_quoted_ones(results, table):
    cells = pd.read_csv(results / "tables" / f"{table}.csv")
    ours = cells[~cells["note"].str.contains("quoted|names no class", na=False)]
    printed = ours[ours["paper"].notna() | (ours["row"] == "AlexNet*-GAP")]
    assert len(printed) >= {"table1": 18, "table2": 20, "table3": 3}[table]
    assert printed[["ours", "low", "high"]].notna().all(axis=None)


def test_average_pooling_localizes_better_than_max_pooling(table2):
    assert table2["GoogLeNet-GAP", "GT-known"] < table2["GoogLeNet-GMP", "GT-known"]


def test_a_centred_box_does_badly(table2):
    assert table2["Centred box", "GT-known"] > 60
    assert table2["GoogLeNet-GAP", "GT-known"] < table2["Centred box", "GT-known"] - 10


def test_every_cell_of_table_5_is_filled(results):
    cells = pd.read_csv(results / "tables" / "table5.csv")
    assert len(cells) == 24
    assert cells[["paper", "ours", "low", "high"]].notna().all(axis=None)


def test_the_closer_the_crop_the_better_birds_are_told_apart(results):
    cells = pd.read_csv(results / "tables" / "table4.csv").set_index(["row", "metric"])["ours"]
    full, box = (cells[f"GoogLeNet-GAP on {crop}", "accuracy"] for crop in ("full image", "BBox"))
    assert full < cells["GoogLeNet-GAP on crop", "accuracy"] <= box
    found = cells["GoogLeNet-GAP on crop", "localization"]
    chance = cells.xs("localization", level="metric").filter(like="Chance")
    assert found > chance.max()


SIDES = {
    **{"GoogLeNet-GAP": 14, "GoogLeNet-GMP": 14, "VGGnet-GAP": 12, "GoogLeNet": 7},
    **{"AlexNet-GAP": 13, "AlexNetplus-GAP": 11, "NIN": 6, "VGGnet": 12, "AlexNet": 13},
}


def test_mapping_resolutions_are_the_papers(results):
    for name, side in SIDES.items():
        with h5py.File(results / "predictions/ilsvrc-val/whole" / f"{name}.h5") as file:
            assert file["maps"].shape == (320, 5, 1, side, side)


@pytest.fixture(scope="module")
def units(results):
    found = read_units(
        results / "units/ilsvrc-val/AlexNetplus-GAP.h5", results / "data/ilsvrc-val/images.csv"
    )
    return found, pd.read_csv(results / "discovery" / "units.csv")


def test_a_classs_units_fire_at_images_of_the_class(units):
    table = units[1].set_index(["class", "measure"])
    pure, located = (table.loc["all", name] for name in (PURITY, IN_BOX))
    assert pure["low"] > 2.5 * pure["chance"]
    assert located["low"] > 80 > located["chance"] + 20


def test_measured_receptive_fields_are_far_smaller_than_theoretical_ones(units):
    measured = units[1].dropna(subset=["field"])
    assert len(measured) >= 9
    assert (measured["field"] < measured["theoretical"] / 3).all()


def drawn(polygons, shape):
    mask = np.zeros(shape, np.uint8)
    for polygon in polygons:
        cv2.fillPoly(mask, [np.round(polygon).astype(np.int32)], 1)
    return mask


def test_units_peak_on_the_object_and_within_reach_of_its_part(results, units):
    """The world redraws each image from its seed, and so knows where object and part are."""
    found, table = units
    reach = table["field"].mean() / 2 / found.field.size[0]  # as a part of the image's side
    labels = read_images(results / "data/ilsvrc-val/images.csv")["label"].to_numpy()
    hits, chance = [], []
    for row, k in np.ndindex(found.image.shape):
        image = int(found.image[row, k])
        if labels[image] != found.class_labels[found.class_index[row]]:
            continue
        _, scene = scene_of(0, "val", image)
        height, width, _ = scene.image.shape
        bodies = drawn([one.polygon for one in scene.objects], (height, width)) > 0
        window = np.ones([2 * round(reach * side) + 1 for side in (height, width)], np.uint8)
        near = cv2.dilate(drawn([one.part for one in scene.objects], (height, width)), window) > 0
        centre = np.divide(found.field.centre(tuple(found.place[row, k])), found.field.size)
        y, x = (centre * (height, width)).astype(int)
        hits.append((bodies[y, x], near[y, x]))
        chance.append((bodies.mean(), near.mean()))
    (on_body, at_part), (body, part) = np.mean(hits, axis=0), np.mean(chance, axis=0)
    assert on_body > 0.9 > body + 0.4
    assert at_part > 2 * part


def test_figure_4_shows_the_palace(results):
    content = json.loads((results / "figures" / "figure4.json").read_text())
    palace = next(row for row in content["rows"] if row["image_id"] == "china.jpg")
    assert "palace" in [guess["name"] for guess in palace["top"]]
    with Image.open(results / "figures" / "figure4.png") as picture:
        assert min(picture.size) > 500
