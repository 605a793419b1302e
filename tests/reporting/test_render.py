import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.reporting.tables.render import to_html, to_markdown, wide

COLUMNS = ["row", "metric", "paper", "ours", "low", "high", "n", "note"]
NAN = np.nan


def some_table(name="Net & <b>Co</b>"):
    return pd.DataFrame(
        [
            ("Paper's", "top-1", 56.4, NAN, NAN, NAN, 0, "not computed"),
            ("Paper's", "top-5", 43.0, NAN, NAN, NAN, 0, "not computed"),
            (name, "top-1", NAN, 61.237, 60.04, 62.46, 48_238, "own"),
            (name, "top-5", NAN, 0.0, 0.0, 1.0, 50_000, "own"),
        ],
        columns=COLUMNS,
    )


class Cells(HTMLParser):
    """The text of every body row's cells, and every tag that occurs."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.tags, self.inside = [], set(), False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag == "br" and self.inside:
            self.rows[-1][-1] += "|"
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data


def test_wide_puts_metrics_side_by_side_in_their_order():
    metrics, records = wide(some_table("net"))
    both = ["paper", "ours"]
    assert list(metrics.items()) == [("top-1", both), ("top-5", both)]
    assert [record["name"] for record in records] == ["Paper's", "net"]
    theirs, ours = records
    assert theirs["cells"] == [
        ("paper", "56.40", ""),
        ("ours", "", ""),
        ("paper", "43.00", ""),
        ("ours", "", ""),
    ]
    assert ours["cells"] == [
        ("paper", "", ""),
        ("ours", "61.24", "60.0–62.5"),
        ("paper", "", ""),
        ("ours", "0.00", "0.0–1.0"),
    ]
    assert ours["n"] == "50,000 / 48,238"
    assert theirs["n"] == ""


def with_gt_known():
    """A table one of whose metrics, the middle one, the paper never has."""
    table = some_table("net")
    theirs = ("Paper's", "GT-known", NAN, NAN, NAN, NAN, 0, "not computed")
    ours = ("net", "GT-known", NAN, 38.916, 35.0, 43.0, 480, "own")
    rows = table.to_numpy().tolist()
    return pd.DataFrame([rows[0], theirs, rows[1], rows[2], ours, rows[3]], columns=COLUMNS)


def test_a_metric_that_the_paper_never_has_has_no_column_for_it():
    metrics, (theirs, ours) = wide(with_gt_known())
    assert list(metrics.items()) == [
        ("top-1", ["paper", "ours"]),
        ("GT-known", ["ours"]),
        ("top-5", ["paper", "ours"]),
    ]
    assert theirs["cells"][2] == ("ours", "", "")
    assert ours["cells"][2] == ("ours", "38.92", "35.0–43.0")
    columns = [column for columns in metrics.values() for column in columns]
    assert [cell.column for cell in ours["cells"]] == columns


def test_html_drops_the_column_that_the_paper_never_has():
    html = to_html("A title", with_gt_known(), [])
    parsed = Cells(html)
    assert parsed.rows[0] == ["row", "top-1", "GT-known", "top-5", "n"]
    assert re.findall(r'colspan="(\d+)"', html) == ["2", "1", "2"]
    assert parsed.rows[1] == ["paper", "ours", "ours", "paper", "ours"]
    assert parsed.rows[2][1:6] == ["56.40", "", "", "43.00", ""]
    assert parsed.rows[3][1:6] == ["", "61.24|60.0–62.5", "38.92|35.0–43.0", "", "0.00|0.0–1.0"]


def test_a_remark_that_all_cells_share_is_said_once_and_others_are_joined():
    table = some_table("net")
    table.loc[3, "note"] = "else"
    _, (theirs, ours) = wide(table)
    assert theirs["note"] == "not computed"
    assert ours["note"] == "own; else"


def test_html_has_the_numbers_in_their_columns():
    parsed = Cells(to_html("A title", some_table("net"), ["a remark"]))
    assert parsed.rows[2:] == [
        ["Paper's|not computed", "56.40", "", "43.00", "", ""],
        ["net|own", "", "61.24|60.0–62.5", "", "0.00|0.0–1.0", "50,000 / 48,238"],
    ]


def test_html_escapes_names_notes_and_title():
    table = some_table("Net & <b>Co</b>")
    table["note"] = "<script>alert(1)</script>"
    html = to_html("<i>title</i>", table, ["<u>remark</u>"])
    parsed = Cells(html)
    assert parsed.tags.isdisjoint({"b", "script", "i", "u"})
    assert parsed.rows[3][0] == "Net & <b>Co</b>|<script>alert(1)</script>"
    assert "&lt;u&gt;remark" in html
    assert "&lt;i&gt;title" in html


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def test_markdown_has_the_numbers_in_their_columns():
    text = to_markdown("A title", some_table("net"), ["first", "second"])
    lines = text.splitlines()
    assert lines[0] == "# A title"
    assert [line for line in lines if line.startswith("- ")] == ["- first", "- second"]
    head, _, theirs, ours = (cells(line) for line in lines if line.startswith("|"))
    assert head == ["row", "top-1 paper", "top-1 ours", "top-5 paper", "top-5 ours", "n", "note"]
    assert theirs == ["Paper's", "56.40", "", "43.00", "", "", "not computed"]
    assert ours == [
        *("net", "", "61.24 [60.0–62.5]", "", "0.00 [0.0–1.0]"),
        *("50,000 / 48,238", "own"),
    ]


def test_markdown_drops_the_column_that_the_paper_never_has():
    lines = to_markdown("A title", with_gt_known(), []).splitlines()
    head, _, theirs, ours = (cells(line) for line in lines if line.startswith("|"))
    assert head == [
        *("row", "top-1 paper", "top-1 ours", "GT-known ours"),
        *("top-5 paper", "top-5 ours", "n", "note"),
    ]
    assert theirs[1:6] == ["56.40", "", "", "43.00", ""]
    assert ours[1:6] == ["", "61.24 [60.0–62.5]", "38.92 [35.0–43.0]", "", "0.00 [0.0–1.0]"]


@pytest.mark.parametrize("name", ["a|b", "a<b>c</b>"])
def test_markdown_escapes_names(name):
    text = to_markdown("A title", some_table(name), [])
    (line,) = [line for line in text.splitlines() if "61.24" in line]
    assert line.replace("\\|", "").count("|") == 8
    assert "<b>" not in line.replace("\\<", "")


def test_a_number_without_an_interval_stands_alone():
    table = some_table("net")
    table[["low", "high"]] = NAN
    _, (_, ours) = wide(table)
    assert ours["cells"][1] == ("ours", "61.24", "")
    assert "[" not in to_markdown("A title", table, [])
    assert "61.24|" not in Cells(to_html("A title", table, [])).rows[3][2]
