"""The explorer's step and section, from planted files."""

import base64
import html
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline_lib.common.files import read_json
from pipeline_lib.evaluation.ilsvrc import best_overlap
from pipeline_lib.localization.predictions import TITLES
from pipeline_lib.reporting.page import explorer
from pipeline_lib.steps.report import explorer as step
from tests.reporting.page.planted import LABELS, opened, plant


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    return folder, plant(folder)


def run(folder, flags, *more):
    out = folder / "out" / "explorer.json"
    assert step.main([*flags, "--explorer-images", "12", *more, "--out", str(out)]) == 0
    return read_json(out)


def test_the_groups_are_what_the_boxes_say(planted):
    """Against the definition, image by image, from the predictions themselves."""
    folder, flags = planted
    data, main = run(folder, flags), opened(folder, "main")
    place = {name: row for row, name in enumerate(main.image_id)}
    boxes = {}
    for line in (folder / "main-paper.csv").read_text().splitlines()[2:]:
        *_, rank, _class, _score, _fit, x0, y0, x1, y1, _method = line.rsplit(",", 9)
        if rank == "0":
            boxes[len(boxes)] = [float(v) for v in (x0, y0, x1, y1)]
    for image in data["images"]:
        row = place[image["id"]]
        class_right = main.classes[row, 0] == main.true_class[row]
        true = np.array(image["true_boxes"])
        box_right = best_overlap(np.array([boxes[row]]), true)[0] >= 0.5
        expected = {"right": class_right and box_right, "wrong-class": not class_right,
                    "wrong-box": class_right and not box_right, "hardest": True}  # fmt: skip
        assert expected[image["group"]], image["id"]
    shown = sum(group["shown"] for group in data["groups"])
    assert shown == len(data["images"]) == 12
    assert all(group["shown"] for group in data["groups"])
    total = {group["name"]: group["total"] for group in data["groups"]}
    assert total["right"] + total["wrong-class"] + total["wrong-box"] == total["hardest"] == 24


def test_every_selectable_class_has_the_networks_own_map(planted):
    folder, flags = planted
    data = run(folder, flags)
    assert [source["network"] for source in data["sources"]] == ["main", "other", "other"]
    for image in data["images"]:
        for name, maps in zip(("main", "other"), image["maps"], strict=False):
            predictions = opened(folder, name)
            row = predictions.image_id.index(image["id"])
            labels = [data["classes"][index][0] for index, _, _ in maps["guesses"]]
            assert labels == predictions.labels_of(row)
            for rank, (_, score, stored) in enumerate(maps["guesses"]):
                assert score == pytest.approx(predictions.scores[row, rank], abs=1e-4)
                assert stored["high"] == pytest.approx(predictions.maps[row, rank].max(), rel=1e-6)
            truth = data["classes"][image["class"]][0]
            assert truth == predictions.label_of(int(predictions.true_class[row]))
            assert (maps["true_map"] is None) == (truth in labels)


@pytest.mark.parametrize(("method", "cited"), [("backprop", "graphcut"), ("smooth-grad", "paper")])
def test_gradients_come_reduced_with_the_boxes_that_were_stored(tmp_path, planted, method, cited):
    folder, flags = planted
    if method != "backprop":
        folder, flags = tmp_path, plant(tmp_path, gradient=method)
    data = run(folder, flags)
    assert data["sources"][2]["network"] == "other"
    gradient = data["sources"][2]
    assert (gradient["method"], gradient["width"], gradient["height"]) == (method, 48, 48)
    for image in data["images"]:
        maps = image["maps"][2]
        assert maps["guesses"] == []
        assert len(base64.b64decode(maps["true_map"]["values"])) == 48 * 48
        assert set(maps["boxes"]) == {cited, "authors"}
        assert set(maps["boxes"]["authors"]) == {"loose", "tight"}
        x0, y0, x1, y1 = maps["boxes"][cited]["loose"]
        assert 0 <= x0 < x1 <= image["width"] and 0 <= y0 < y1 <= image["height"]


def test_the_page_names_every_method():
    script = (Path(explorer.__file__).parents[1] / "templates/explorer_panel.js").read_text()
    (names,) = re.findall(r"const METHODS = \{(.*?)\};", script, re.DOTALL)
    pairs = re.findall(r'"?([a-z+-]+)"?: "([^"]+)"', names)
    assert dict(pairs) == TITLES


def test_pictures_are_small_and_boxes_in_original_pixels(planted):
    folder, flags = planted
    for image in run(folder, flags)["images"]:
        kind, _, content = image["picture"].partition(",")
        assert kind == "data:image/webp;base64"
        assert max(Image.open(io.BytesIO(base64.b64decode(content))).size) <= 224
        assert np.array(image["true_boxes"]).max() <= max(image["width"], image["height"])


def test_named_images_and_what_does_not_belong_together(planted, capsys, tmp_path):
    folder, flags = planted
    name = opened(folder, "main").image_id[7]
    data = run(folder, flags, "--named-images", name)
    assert (data["images"][0]["id"], data["images"][0]["group"]) == (name, "named")
    out = ["--out", str(folder / "no.json")]
    assert step.main([*flags, "--named-images", "nobody", *out]) == 1
    assert "report.named_images: 'nobody'" in capsys.readouterr().err
    others = [flag for flag in flags if not flag.endswith("main-paper.csv")]
    assert step.main([*others, *out]) == 1
    assert "explorer needs the boxes of main by box method paper" in capsys.readouterr().err
    without = [flag for flag in flags if not flag.endswith("other.h5")]
    assert step.main([*without, *out]) == 1
    assert "was made from none of the predictions" in capsys.readouterr().err


def test_half_a_study_is_enough(tmp_path):
    """The main network's files alone."""
    flags = plant(tmp_path, networks=("main",), gradient=None)
    data = run(tmp_path, flags)
    assert len(data["sources"]) == 1
    assert "Those that main gets wrong" in explorer.section(data)


def test_names_are_text_in_the_page_and_the_embedded_data_are_whole(planted):
    folder, flags = planted
    data = run(folder, flags)
    page = str(explorer.section(data))
    embedded = re.findall(
        r'<script type="application/json" id="explorer-data">(.*?)</script>', page
    )
    assert len(embedded) == 1 and page.count("<script") == 1
    assert not re.search("[<>&]", embedded[0])
    assert json.loads(embedded[0]) == data
    assert {label for label, _ in data["classes"]} == set(LABELS)


def test_the_rule_stands_on_the_page_in_words_with_counts(planted):
    folder, flags = planted
    data = run(folder, flags)
    page = html.unescape(str(explorer.section(data)))
    for group in data["groups"]:
        assert (
            f"{group['title']}</b>, {group['shown']} of {group['total']}: {group['rule']}" in page
        )
    assert "<noscript>" in page
    assert "at\nthreshold 0.2" in page


def test_without_images_a_sentence_stands_there(planted):
    folder, flags = planted
    data = run(folder, flags, "--explorer-images", "0")
    page = explorer.section(data)
    assert "there is nothing to explore" in page
    assert "<script" not in page
