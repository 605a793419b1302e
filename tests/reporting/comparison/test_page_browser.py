"""The page of a comparison in headless Chromium: readable at any width."""

import numpy as np
import pytest

from pipeline_lib.reporting.comparison.compare import compare
from pipeline_lib.reporting.comparison.page import render_comparison
from pipeline_lib.reporting.comparison.run import read_run
from tests.planted_runs import plant_run
from tests.reporting.page.browser import assert_quiet, chromium, go_to

LONG = "GoogLeNet-GAP with a name that goes on"


@pytest.mark.parametrize("width", [1200, 800])
def test_notes_of_any_length_leave_room_for_the_rows_names(tmp_path, width):
    runs = []
    for name, rate in (("a", 0.4), ("b", 0.6)):
        wrong = np.random.default_rng(0).random(400) < rate
        ids = [f"{name} {number}" for number in range(400)]  # not the same images: a long note
        folder = plant_run(tmp_path / name, {"table2": {(LONG, "top-1"): wrong}}, ids=ids)
        runs.append(read_run(folder, name, {}))
    page = tmp_path / "index.html"
    text = render_comparison(*runs, compare(*runs), page)
    page.write_text(text.replace("not the same images", "not the same images " * 20), "utf-8")
    with chromium(tmp_path / "profile", width, 900) as browser:
        go_to(browser, page.as_uri())
        page_width, window, name_width = browser.execute_script(
            "return [document.documentElement.scrollWidth, innerWidth,"
            " document.querySelector('#differing tbody th, table tbody th').clientWidth]"
        )
        assert page_width <= window
        assert name_width > 100
        assert_quiet(browser)
