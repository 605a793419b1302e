"""The page in headless Chromium: how it looks, what it does, and who can use it."""

import csv
import io
from pathlib import Path

import pytest

from pipeline_lib.reporting.page.render import render_page
from tests.reporting.page.browser import assert_quiet, chromium, go_to
from tests.reporting.page.planted_page import COMMAND, NASTY, plant_page

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
WIDER = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
COLUMN = """
const [table, column] = arguments;
const rows = document.querySelector(`table[data-table=${table}]`).tBodies[0].rows;
return [...rows].map((row) => row.cells[column].dataset.value ?? row.cells[column].textContent);
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    contents = plant_page(tmp_path_factory.mktemp("study"))
    contents.out.write_text(render_page(contents), encoding="utf-8")
    return contents.out.as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def page(browser, address):
    go_to(browser, address)
    yield browser
    assert_quiet(browser)


def find(page, selector):
    return page.find_element("css selector", selector)


def test_a_number_opens_what_stands_behind_it(page):
    find(page, 'td[id="table2/GoogLeNet-GAP/top-1"] a').click()
    dialog = find(page, "dialog")
    assert dialog.get_attribute("open") is not None
    text = dialog.text
    for part in ("60.00", "56.40", "58.00 to 62.00", "scores/net.images.csv", COMMAND):
        assert part in text
    links = {
        link.text: link.get_attribute("href") for link in dialog.find_elements("tag name", "a")
    }
    assert links["logs/evaluate/net.log"].endswith("/logs/evaluate/net.log")
    for link in links.values():
        assert Path(link.removeprefix("file://")).exists(), link


def test_a_link_to_a_number_opens_it(page, address):
    go_to(page, f"{address}#table2/GoogLeNet-GAP/top-1")
    assert find(page, "dialog").get_attribute("open") is not None


def test_names_are_shown_as_text(page):
    names = page.execute_script(COLUMN, "table2", 0)
    assert NASTY in names
    assert page.execute_script("return document.querySelectorAll('script').length") == 2


def test_tables_are_sorted_by_numbers_and_empty_cells_come_last(page):
    head = find(page, "table[data-table=table2] th[data-type=number]")  # the paper's top-1
    head.click()
    assert page.execute_script(COLUMN, "table2", 1) == ["56.40", ""]
    head.click()
    assert head.get_attribute("aria-sort") == "descending"
    assert page.execute_script(COLUMN, "table2", 1) == ["56.40", ""]
    ours = page.find_elements("css selector", "table[data-table=table2] th[data-type=number]")[1]
    ours.click()
    assert page.execute_script(COLUMN, "table2", 2) == ["41.00", "60.00"]
    ours.send_keys("\n")  # by keyboard too
    assert page.execute_script(COLUMN, "table2", 2) == ["60.00", "41.00"]


@pytest.mark.parametrize("form", ["CSV", "Markdown", "LaTeX"])
def test_tables_are_copied_with_all_their_rows(page, form):
    text = page.execute_script("return page.forms[arguments[0]](page.records('table2'))", form)
    if form == "CSV":
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["row"] for row in rows] == ["GoogLeNet-GAP", NASTY, "NIN"]
        assert (rows[0]["top-1 paper"], rows[0]["top-1 ours"], rows[0]["top-1 low"]) == (
            "56.40", "60.00", "58.00",
        )  # fmt: skip
    elif form == "Markdown":
        assert "| GoogLeNet-GAP | 56.40 | 60.00 |" in text
        assert text.count("\n") == 5
    else:
        assert text.startswith("\\begin{tabular}{lrrrr")
        assert "\\toprule" in text
        assert r"\$5 \& " in text
    button = find(page, f"button[data-copy={form}][data-of=table2]")
    button.click()
    assert button.text in ("copied", form)


def test_on_a_phone_the_page_is_no_wider_than_the_screen_and_numbers_stand_beside_names(page):
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True},
    )
    try:
        assert page.execute_script(WIDER) == 0
        places = page.execute_script(
            "const row = document.querySelector('table[data-table=table2]').tBodies[0].rows[0];"
            "return [...row.cells].slice(0, 3).map((c) => c.getBoundingClientRect().toJSON())"
        )
        assert places[-1]["right"] <= 390  # paper and ours, beside the name
        assert len({round(place["top"]) for place in places}) == 1
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_can_be_chosen(page, theme):
    button = find(page, "#theme")
    if button.text != theme:
        button.click()
    button.click()
    shown = page.execute_script("return document.documentElement.dataset.theme")
    background = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert shown == theme
    assert (background == "rgb(255, 255, 255)") == (theme == "light")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not there: npm install --prefix tests")
def test_axe_finds_nothing_serious(page, theme):
    page.execute_script(f"document.documentElement.dataset.theme = '{theme}'")
    page.execute_script(
        "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
    )
    page.execute_script(AXE.read_text(encoding="utf-8"))
    found = page.execute_async_script(
        "axe.run().then((found) => arguments[0](found.violations.map("
        "(each) => [each.impact, each.id, each.nodes.map((node) => node.html).slice(0, 3)])))"
    )
    assert [each for each in found if each[0] in ("serious", "critical")] == []
