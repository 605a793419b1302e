"""The step compare: its CSV, its page, its summary, its refusals."""

from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np

from pipeline_lib.data.manifest import read_csv
from pipeline_lib.reporting.comparison.compare import COMPARISON_COLUMNS
from pipeline_lib.steps.report import compare
from tests.planted_runs import plant_run

ODD = """<script>alert("x")</script> & 'y' $HOME {{ 7 * 7 }} Öl"""


class Seen(HTMLParser):
    """The elements of a page, its text, and what it would load."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.loaded = [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loaded += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


def test_the_page_shows_odd_names_as_text_and_loads_nothing(tmp_path, capsys):
    rng = np.random.default_rng(0)
    values, others = rng.random(200) < 0.2, rng.random(200) < 0.8
    folders = [tmp_path / f"{letter} {ODD.replace('/', '')}" for letter in "ab"]
    only = {(f"only {ODD}", "top-1"): values}
    plant_run(folders[0], {"table2": {(ODD, "top-1"): values, (ODD, "top-5"): values} | only})
    plant_run(
        folders[1],
        {"table2": {(ODD, "top-1"): others, (ODD, "top-5"): values, next(iter(only)): ODD}},
    )
    (folders[0] / "report").mkdir()
    (folders[0] / "report/index.html").touch()
    out = tmp_path / "results" / "compare" / "x"
    flags = [*(f"--{key}={folder}" for key, folder in zip("ab", folders, strict=True))]
    assert compare.main([*flags, "--out", str(out)]) == 0

    table = read_csv(out / "comparison.csv", COMPARISON_COLUMNS)
    assert table[["row", "metric", "state"]].values.tolist() == [
        [ODD, "top-1", "worse"],
        [f"only {ODD}", "top-1", "only in a"],
        [ODD, "top-5", "the same"],
    ]
    page = (out / "index.html").read_text(encoding="utf-8")
    seen = Seen(page)
    assert seen.tags.count("script") == 1  # its own, for sorting
    assert seen.text.count(ODD) >= 4
    assert "{{ 7 * 7 }}" in seen.text
    assert "data:," in seen.loaded  # the icon
    (address,) = (each for each in seen.loaded if each != "data:,")
    assert (out / unquote(address)).samefile(folders[0] / "report/index.html")

    said = capsys.readouterr().out
    assert "Of 2 cells in both runs, 1 worse beyond the 95 % interval" in said
    assert "1 only in a." in said


def test_runs_that_cannot_be_compared_are_one_line(tmp_path, capsys):
    run = plant_run(tmp_path / "run", {"table2": {("net", "top-1"): np.ones(9, bool)}})
    for other in (run, tmp_path / "nowhere"):
        assert compare.main(["--a", str(run), "--b", str(other), "--out", str(tmp_path / "c")]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")
    assert not (tmp_path / "c").exists()
