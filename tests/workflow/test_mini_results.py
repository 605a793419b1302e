"""The mini study's own results, where `make demo` has made them: what the demo is there to show."""

import json

import cv2
import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.data.manifest import read_images
from pipeline_lib.data.synthetic.ilsvrc import scene_of
from pipeline_lib.units.measures import IN_BOX, PURITY
from pipeline_lib.units.units_file import read_units


@pytest.fixture(scope="module")
def results(repository):
    folder = repository / "results" / "mini"
    if not (folder / "report" / "index.html").exists():
        pytest.skip("no results of the mini study: run make demo")
    return folder


@pytest.fixture(scope="module")
def table2(results):
    return pd.read_csv(results / "tables" / "table2.csv", comment="#").set_index(["row", "metric"])[
        "ours"
    ]


@pytest.mark.parametrize("table", ["table1", "table2", "table3"])
def test_every_row_of_the_paper_is_filled_but_for_the_quoted_ones(results, table):
    cells = pd.read_csv(results / "tables" / f"{table}.csv", comment="#")
    ours = cells[~cells["note"].str.contains("quoted|names no class", na=False)]
    printed = ours[ours["paper"].notna() | (ours["row"] == "AlexNet*-GAP")]
    assert len(printed) >= {"table1": 20, "table2": 20, "table3": 3}[table]
    assert printed[["ours", "low", "high"]].notna().all(axis=None)


def test_every_network_with_class_maps_has_the_error_of_ten_crops(results):
    cells = pd.read_csv(results / "tables" / "table1.csv", comment="#").pivot(
        index="row", columns="metric"
    )
    ten = cells["ours"][["top-1 (ten crops)", "top-5 (ten crops)"]]
    assert set(ten.index[ten.isna().any(axis=1)]) == {"VGGnet", "AlexNet"}  # Grad-CAM


def test_average_pooling_does_not_localize_worse_than_max_pooling(results):
    """Processors round differently, and intervals of 320 images are wide: GMP may be ahead by chance."""
    cells = pd.read_csv(results / "tables" / "table2.csv", comment="#").set_index(["row", "metric"])
    gap, gmp = (cells.loc[(name, "GT-known")] for name in ("GoogLeNet-GAP", "GoogLeNet-GMP"))
    assert gap["low"] < gmp["high"]


def test_a_centred_box_does_badly(table2):
    assert table2["Centred box", "GT-known"] > 60
    assert table2["GoogLeNet-GAP", "GT-known"] < table2["Centred box", "GT-known"] - 10


def test_every_cell_of_table_5_is_filled(results):
    cells = pd.read_csv(results / "tables" / "table5.csv", comment="#")
    assert len(cells) == 24
    assert cells[["paper", "ours", "low", "high"]].notna().all(axis=None)


def test_the_closer_the_crop_the_better_birds_are_told_apart(results):
    cells = pd.read_csv(results / "tables" / "table4.csv", comment="#").set_index(
        ["row", "metric"]
    )["ours"]
    full, box = (cells[f"GoogLeNet-GAP on {crop}", "accuracy"] for crop in ("full image", "BBox"))
    assert full < cells["GoogLeNet-GAP on crop", "accuracy"] <= box
    boxes = cells["GoogLeNet-GAP on crop", "localization"]
    chance = cells.xs("localization", level="metric").filter(like="Chance")
    assert boxes > chance.max()


SIDES = {
    **{"GoogLeNet-GAP": 14, "GoogLeNet-GMP": 14, "VGGnet-GAP": 14, "GoogLeNet": 7},
    **{"AlexNet-GAP": 13, "AlexNetplus-GAP": 11, "NIN": 6, "VGGnet": 14, "AlexNet": 13},
}


def test_mapping_resolutions_are_the_papers(results):
    for name, side in SIDES.items():
        with h5py.File(results / "predictions/ilsvrc-val/network/one-crop" / f"{name}.h5") as file:
            assert file["maps"].shape == (320, 5, 1, side, side)


def test_every_figure_is_there_as_picture_and_as_content(results):
    for name in (*(f"figure{number}" for number in range(3, 14)), "thresholds", "figure_sanity"):
        figure = results / "figures" / name
        assert figure.with_suffix(".png").read_bytes()[:4] == b"\x89PNG"
        assert figure.with_suffix(".pdf").read_bytes()[:5] == b"%PDF-"
        assert json.loads(figure.with_suffix(".json").read_text())


@pytest.fixture(scope="module")
def units(results):
    inspected = read_units(
        results / "units/ilsvrc-val/AlexNetplus-GAP.h5", results / "data/ilsvrc-val/images.csv"
    )
    return inspected, pd.read_csv(results / "discovery" / "units.csv", comment="#")


def test_a_classs_units_activate_on_images_of_the_class(units):
    table = units[1].set_index(["class", "measure"])
    pure, located = (table.loc["all", name] for name in (PURITY, IN_BOX))
    assert pure["low"] > 2.5 * pure["chance"]
    assert located["low"] > 80 > located["chance"] + 20


def test_measured_receptive_fields_are_far_smaller_than_theoretical_ones(units):
    measured = units[1].dropna(subset=["field"])
    assert len(measured) >= 9
    assert (measured["field"] < measured["theoretical"] / 3).all()


def polygon_mask(polygons, shape):
    mask = np.zeros(shape, np.uint8)
    for polygon in polygons:
        cv2.fillPoly(mask, [np.round(polygon).astype(np.int32)], 1)
    return mask


def test_units_peak_on_the_object_and_within_reach_of_its_part(results, units):
    """The world redraws each image from its seed, and so knows where object and part are."""
    inspected, table = units
    reach = table["field"].mean() / 2 / inspected.field.size[0]  # as a fraction of the image's side
    labels = read_images(results / "data/ilsvrc-val/images.csv")["label"].to_numpy()
    hits, chance = [], []
    for row, k in np.ndindex(inspected.image.shape):
        image = int(inspected.image[row, k])
        if labels[image] != inspected.class_labels[inspected.class_index[row]]:
            continue
        _, scene = scene_of(0, "val", image)
        height, width, _ = scene.image.shape
        bodies = polygon_mask([each.polygon for each in scene.objects], (height, width)) > 0
        window = np.ones([2 * round(reach * side) + 1 for side in (height, width)], np.uint8)
        near = (
            cv2.dilate(polygon_mask([each.part for each in scene.objects], (height, width)), window)
            > 0
        )
        centre = np.divide(
            inspected.field.centre(tuple(inspected.position[row, k])), inspected.field.size
        )
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


def test_planted_concepts_are_found_in_captions_and_lead_their_rankings(results):
    concepts = pd.read_csv(results / "discovery" / "concepts.csv", comment="#").set_index("concept")
    ranking = pd.read_csv(results / "discovery" / "concepts-ranking.csv", comment="#")
    truth = json.loads((results / "world/discovery/concepts/planted.json").read_text())
    assert len(truth) == 3
    for phrase, images in truth.items():
        assert concepts.loc[phrase, "precision"] > concepts.loc[phrase, "chance_high"]
        first = ranking[ranking["concept"] == phrase]
        shows = first["image_id"].isin(images["shown"])
        assert shows.iloc[0]
        assert shows.mean() >= 0.8


def test_the_object_that_makes_a_place_leads_its_list(results):
    """Processors round differently: by lift, of few images, another may be ahead by chance."""
    table = pd.read_csv(results / "discovery" / "scenes.csv", comment="#")
    content = json.loads((results / "figures" / "figure9.json").read_text())
    assert len(content["categories"]) == table["category"].nunique() == 5
    for category in content["categories"]:
        own = category["category"].partition("_")[0]  # a place is called by it
        first = {name: ranked[0] for name, ranked in category["lists"].items()}
        by_lift = first.pop("lift")
        assert {ranked["object"] for ranked in first.values()} == {own}, category["category"]
        rows = table[table["category"] == category["category"]].set_index("object")
        assert rows.loc[own, "lift_low"] > 1
        assert rows.loc[own, "lift_high"] > by_lift["low"]
        assert rows.loc[by_lift["object"], "lift"] == pytest.approx(by_lift["value"], abs=1e-3)
    assert content["svm"]["held_out_accuracy"]["low"] > 60  # a fifth by chance


def test_the_image_is_needed_to_answer(results):
    cells = pd.read_csv(results / "discovery" / "vqa.csv", comment="#").set_index(["row", "metric"])
    for task in ("open-ended", "multiple-choice"):
        gain = cells.loc["gain by the image", task]
        assert gain["low"] > 0
        full, words = (cells.loc[row, task]["value"] for row in ("words and image", "words alone"))
        assert gain["value"] == pytest.approx(full - words)
    # What the words alone tell by their form, the image tells too, but for "is there a disc?".
    assert cells.loc["gain by the image", "open-ended, other"]["low"] > 10
    content = json.loads((results / "figures" / "figure12.json").read_text())
    assert {question["accuracy"] for question in content["questions"]} >= {0.0, 1.0}


def test_the_map_of_an_answer_adds_up_to_the_images_part_of_its_score(results):
    classifier = np.load(results / "svm/vqa/whole/GoogLeNet-GAP.npz")
    weights = dict(zip(classifier["classes"], classifier["weights"], strict=True))
    with h5py.File(results / "features/vqa/whole/GoogLeNet-GAP.h5") as file:
        features = dict(zip(file["image_id"].asstr(), file["features"][:], strict=True))
    shown = pd.read_csv(results / "discovery/vqa-shown.csv", dtype={"answer": str}, comment="#")
    with h5py.File(results / "predictions/vqa-picked/svm/one-crop/GoogLeNet-GAP.h5") as file:
        means = file["true_map"][:].mean(axis=(1, 2, 3))
    parts = [
        weights[answer] @ features[image]
        for answer, image in zip(shown["answer"], shown["image_id"], strict=True)
    ]
    np.testing.assert_allclose(means, parts, rtol=1e-3, atol=1e-4)


def test_word_boxes_hold_twice_the_mass_of_chance(results):
    """At least: it was 2.5 times on one processor and 3.1 on another."""
    measures = pd.read_csv(results / "discovery" / "text.csv", comment="#").set_index(
        ["measure", "map"]
    )
    for measure in ("mass", "strong mass", "pixel AP"):
        assert measures.loc[(measure, "ratio to uniform"), "low"] > 2
        best = measures.loc[(measure, ["centred", "uniform"]), "high"].max()
        assert measures.loc[(measure, "class map"), "low"] > best
