"""The explorer in headless Chromium: what it shows against the library, and how it behaves."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from pipeline_lib.common.files import read_json
from pipeline_lib.evaluation.ilsvrc import best_overlap
from pipeline_lib.localization.authors_box import authors_boxes
from pipeline_lib.localization.heat_maps import TRUE_CLASS, heat_map
from pipeline_lib.localization.paper_box import paper_box
from pipeline_lib.reporting.page import explorer
from pipeline_lib.steps.report import explorer as step
from tests.reporting.page.browser import assert_quiet, chromium, go_to
from tests.reporting.page.planted import LABELS, opened, plant

CASES = 20
# Change a control as a hand does, and wait until the page has followed.
CHANGE = """
const [selector, value, done] = arguments;
const control = document.querySelectorAll(selector)[0];
if (control.type === "radio") control.click();
else {
  control.value = value;
  control.dispatchEvent(new Event(control.type === "range" ? "input" : "change", {bubbles: true}));
}
requestAnimationFrame(() => requestAnimationFrame(() => done(control.value)));
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The folder of planted files, the explorer's data, and the page."""
    folder = tmp_path_factory.mktemp("explored")
    flags = [*plant(folder), "--explorer-images", "20"]
    assert step.main([*flags, "--out", str(folder / "explorer.json")]) == 0
    data = read_json(folder / "explorer.json")
    styles = "".join(path.read_text() for path in explorer.STYLES)
    scripts = "".join(f"<script>{path.read_text()}</script>" for path in explorer.SCRIPTS)
    page = folder / "page.html"
    page.write_text(
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>page</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{styles}</style>{scripts}</head><body><p id='elsewhere'>elsewhere</p>"
        f"{explorer.section(data)}</body></html>",
        encoding="utf-8",
    )
    return folder, data, page.as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def page(browser, study):
    """The page, opened anew; at the end nothing may have gone wrong or been asked of a server."""
    go_to(browser, study[2])
    yield browser
    assert_quiet(browser)


def change(page, selector, value=None):
    return page.execute_async_script(CHANGE, selector, value)


def text(page, name, panel=0):
    script = "return document.querySelectorAll(arguments[0])[arguments[1]].textContent"
    return page.execute_script(script, f".explorer-panel .explorer-{name}", panel)


def drawn(page, name):
    """The boxes of a kind in the first panel, as they are drawn."""
    script = (
        "return [...document.querySelectorAll('.explorer-panel')[0].querySelectorAll(arguments[0])]"
        ".map((r) => ['x', 'y', 'width', 'height'].map((key) => Number(r.getAttribute(key))))"
    )
    return [[x, y, x + w, y + h] for x, y, w, h in page.execute_script(script, f"rect.{name}")]


def choose(page, study, rng):
    """Choose an image, a network and a class; return the library's map and the true boxes."""
    folder, data, _ = study
    place = int(rng.integers(len(data["images"])))
    image, network = data["images"][place], ["main", "other"][rng.integers(2)]
    change(page, f".explorer-thumbnails label:nth-child({place + 1}) input")
    change(page, ".explorer-network", network)
    options = page.execute_script(
        "return [...document.querySelectorAll('.explorer-class')[0].options].map((o) => o.value)"
    )
    chosen = change(page, ".explorer-class", options[rng.integers(len(options))])
    predictions = opened(folder, network)
    row = predictions.image_id.index(image["id"])
    rank = TRUE_CLASS if chosen == "true" else int(chosen)
    size = image["width"], image["height"]
    heat = heat_map(predictions, row, rank, *size, data["interpolation"])
    return heat, np.array(image["true_boxes"])


def compare(page, expected, true_boxes):
    """What the page shows, in words and as drawn, is the library's box and IoU, to 0.01."""
    box = [float(number) for number in text(page, "box").split()]
    assert drawn(page, "explorer-made") == [box]
    assert drawn(page, "explorer-true") == true_boxes.tolist()
    assert best_overlap(np.array([box]), np.array([expected]))[0] > 0.97
    overlap = best_overlap(np.array([expected]), true_boxes)[0]
    assert float(text(page, "iou")) == pytest.approx(overlap, abs=0.01)
    assert text(page, "verdict").startswith(f"The box is {'right' if overlap >= 0.5 else 'wrong'}.")
    chosen = page.execute_script(
        "return document.querySelector('.explorer-class').selectedOptions[0].text.toLowerCase()"
    )
    assert ("not the true one" in text(page, "verdict")) != ("true class" in chosen)


def test_sliders_move_the_papers_box_as_the_library_makes_it(page, study):
    rng, seen = np.random.default_rng(1), set()
    for _ in range(CASES):
        heat, true_boxes = choose(page, study, rng)
        threshold = float(change(page, ".explorer-threshold", f"{rng.uniform(0, 0.9):.3f}"))
        compare(page, paper_box(heat, threshold), true_boxes)
        seen.add(text(page, "box"))
    assert len(seen) > CASES / 2


@pytest.mark.parametrize("fit", ["loose", "tight"])
def test_the_authors_boxes_are_the_librarys(page, study, fit):
    change(page, f"[name=explorer-box][value={fit}]")
    assert page.execute_script("return document.querySelector('.explorer-threshold').disabled")
    rng = np.random.default_rng(2)
    for _ in range(CASES):
        heat, true_boxes = choose(page, study, rng)
        boxes = authors_boxes(heat)
        compare(page, boxes[min(fit == "tight", len(boxes) - 1)], true_boxes)


def test_backprop_shows_the_stored_box_and_says_so(page, study):
    _, data, _ = study
    change(page, ".explorer-network", "other")
    change(page, ".explorer-method", "backprop")
    image = data["images"][0]
    for radio, method, fit in (("paper", "graphcut", "loose"), ("tight", "authors", "tight")):
        change(page, f"[name=explorer-box][value={radio}]")
        stored = image["maps"][2]["boxes"][method][fit]
        assert drawn(page, "explorer-made") == [stored]
        assert "Stored box" in text(page, "note")
        assert page.execute_script("return document.querySelector('.explorer-threshold').disabled")
    note = page.execute_script(
        "return document.getElementById('explorer-threshold-note').textContent"
    )
    assert "no threshold moves them" in note


def test_a_link_brings_back_what_was_chosen_and_other_anchors_are_left_alone(page, study):
    address = study[2]
    rng = np.random.default_rng(3)
    choose(page, study, rng)
    change(page, ".explorer-threshold", "0.61")
    change(page, ".explorer-opacity", "0.8")
    change(page, ".explorer-panel:nth-child(2) .explorer-network", "other")
    state = "return [...document.querySelectorAll('.explorer select, .explorer input')].map((c) => "
    state += "c.type === 'radio' ? c.checked : c.value)"
    before, box = page.execute_script(state), text(page, "box")
    link = page.execute_script("return location.href")
    assert "#explorer/" in link
    go_to(page, link)
    assert page.execute_script(state) == before
    assert text(page, "box") == box
    page.execute_script("location.hash = 'elsewhere'")
    assert change(page, ".explorer-opacity", "0.8") == "0.8"
    assert page.execute_script(state) == before
    go_to(
        page, f"{address}#explorer/image=nobody&network=none&class=9&threshold=x&box=<b>&opacity=7"
    )
    assert text(page, "guess").startswith("First guess")
    go_to(page, f"{address}#elsewhere")
    assert page.execute_script("return location.hash") == "#elsewhere"


def test_names_are_shown_as_text(page, study):
    _, data, _ = study
    shown = page.execute_script("return document.getElementById('explorer').innerText")
    assert data["images"][0]["id"] in shown
    options = page.execute_script(
        "return [...document.querySelectorAll('.explorer-class')[0].options].map((o) => o.text)"
    )
    for label in LABELS:
        listed = any(label in option for option in options)
        shown_for = [index for index, *_ in data["images"][0]["maps"][0]["guesses"]]
        expected = {data["classes"][index][0] for index in [*shown_for, data["images"][0]["class"]]}
        assert listed == (label in expected)
    assert page.execute_script("return document.querySelectorAll('.explorer b').length") == len(
        data["groups"]
    )


def test_arrow_keys_move_along_the_images_of_a_group(page, study):
    keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
    _, data, _ = study
    group = data["groups"][1]["name"]
    change(page, ".explorer-group", group)
    members = [image["id"] for image in data["images"] if image["group"] == group]
    checked = "return document.querySelector('[name=explorer-image]:checked')"
    assert page.execute_script(f"{checked}.value") == members[0]
    page.execute_script(checked).send_keys(keys.ARROW_RIGHT)
    assert page.execute_script(f"{checked}.value") == members[1]
    page.execute_script(checked).send_keys(keys.ARROW_LEFT, keys.ARROW_LEFT)
    assert page.execute_script(f"{checked}.value") == members[-1]  # around, within the group


def test_on_a_phone_panels_stack_and_nothing_is_wider_than_the_screen(page, study):
    screen = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    try:
        go_to(page, study[2])
        change(page, ".explorer-panel:nth-child(2) .explorer-network", "other")
        assert page.execute_script("return document.documentElement.scrollWidth") <= 390
        tops = page.execute_script(
            "return [...document.querySelectorAll('.explorer-panel')]"
            ".map((p) => [p.offsetTop, p.offsetTop + p.offsetHeight])"
        )
        assert tops[1][0] >= tops[0][1]
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_map_lies_over_the_image_as_opaque_as_the_slider_says(page):
    script = "return document.querySelector('.explorer-picture canvas').toDataURL()"
    shown = {}
    for opacity in ("0", "0.5", "1"):
        change(page, ".explorer-opacity", opacity)
        content = base64.b64decode(page.execute_script(script).partition(",")[2])
        shown[opacity] = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), float)
    assert np.abs(shown["0.5"] - (shown["0"] + shown["1"]) / 2).max() <= 2
    assert np.abs(shown["0"] - shown["1"]).max() > 50
