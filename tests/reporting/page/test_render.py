"""The page from planted tables, figures, claims and a run's leavings."""

import html
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import write_json
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.reporting.catalogue import FIGURES
from pipeline_lib.reporting.claims.claim import read_claims
from pipeline_lib.reporting.claims.judge import Tables, as_rows, judge
from pipeline_lib.reporting.page.claims import counts, read_page_claims
from pipeline_lib.reporting.page.embedding import as_json
from pipeline_lib.reporting.page.render import Contents, render_page
from pipeline_lib.reporting.page.tables import read_page_table
from pipeline_lib.reporting.page.verdict import GPU_RULES
from tests.reporting.page.planted_page import NASTY, plant_page


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    return plant_page(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def page(contents):
    return render_page(contents)


def test_the_page_needs_nothing_from_elsewhere(contents, page):
    links = re.findall(r"""(?:src|href)=["']([^"']*)""", page)
    assert links
    for link in links:
        assert link.startswith(("data:", "#", "../")), link
    assert "http" not in re.sub(r"https?://www\.w3\.org", "", page)
    ids = re.findall(r'\sid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    for link in links:
        if link.startswith("#"):
            assert html.unescape(link[1:]) in ids
        if link.startswith("../") and not link.startswith("../figures"):
            assert (contents.out.parent / html.unescape(link)).exists(), link


def test_names_are_text_whatever_they_are(page):
    assert NASTY not in page
    assert html.escape(NASTY) in page.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")
    assert page.count("<script") == page.count("</script>") == 2


def test_a_cell_has_its_difference_and_what_stands_behind_it(page):
    cell = re.search(r'<td class="ours" id="table2/GoogLeNet-GAP/top-1"(.*?)</td>', page, re.S)
    text = cell.group(1)
    assert 'data-paper="56.40"' in text
    assert 'data-ours="60.00"' in text
    assert 'data-scores="scores/net.csv"' in text
    assert 'data-images="scores/net.images.csv"' in text
    assert "+3.6" in text
    evidence = json.loads(re.search(r'id="evidence-data">(.*?)</script>', page, re.S).group(1))
    assert evidence["scores/net.csv"]["log"] == "logs/evaluate/net.log"
    assert evidence["scores/net.csv"]["command"].startswith("python -m pipeline_lib evaluate")


def test_computed_rows_come_first_and_the_papers_other_rows_are_folded(contents):
    table = read_page_table(contents.tables[0])
    assert [row.name for row in table.rows] == ["GoogLeNet-GAP", NASTY]
    assert [row.name for row in table.others] == ["NIN"]


@pytest.mark.parametrize(
    ("paper", "low", "high", "state"),
    [(60, 58, 62, "within the interval"), (62, 58, 61.9, "close"), (63, 58, 62, "far")],
)
def test_a_number_is_within_the_interval_close_or_far(tmp_path, paper, low, high, state):
    cell = {"row": "r", "metric": "m", "paper": paper, "ours": 60, "low": low, "high": high, "n": 9}
    write_json(tmp_path / "table2.json", {"notes": [], "cells": [cell | {"note": ""}]})
    (only,) = read_page_table(tmp_path / "table2.json").cells()
    assert only.compared.state == state
    assert math.isclose(only.compared.difference, 60 - paper)


@pytest.mark.parametrize(("study", "said"), [("paper", True), ("mini", False)])
def test_only_the_papers_study_is_compared_in_value(contents, study, said):
    page = render_page(Contents(**{**vars(contents), "study": study}))
    assert ("not comparable in value" not in page) == said
    assert ('class="far" title="far"' in page) == said


def test_every_claim_has_its_state_and_a_link(page):
    for claim in read_claims():
        assert f'id="claim-{claim.name}"' in page


@pytest.mark.parametrize("figure", FIGURES.values(), ids=lambda figure: figure.name)
def test_captions_are_the_catalogues_and_the_alt_text_is_the_figures(tmp_path, figure):
    Image.fromarray(np.zeros((8, 9, 3), np.uint8)).save(tmp_path / f"{figure.name}.png")
    write_json(tmp_path / f"{figure.name}.json", {"alt": 'Two rows of "dogs".'})
    path = tmp_path / f"{figure.name}.png"
    page = render_page(Contents("mini", tmp_path, tmp_path / "report/index.html", figures=[path]))
    assert f"<strong>{figure.title}.</strong> {figure.caption}" in html.unescape(page)
    assert "alt=\"Two rows of 'dogs'.\"" in html.unescape(page).replace('"dogs"', "'dogs'")


def test_a_figure_that_the_catalogue_lacks_is_refused(tmp_path):
    path = tmp_path / "figure99.png"
    with pytest.raises(InputError, match=r"figure99\.png: the catalogue has no figure99"):
        render_page(Contents("mini", tmp_path, tmp_path / "r/i.html", figures=[path]))


@pytest.mark.parametrize("kind", ["tables", "figures"])
def test_a_missing_part_is_refused_by_name(tmp_path, kind):
    path = tmp_path / {"tables": "table1.json", "figures": "figure3.png"}[kind]
    with pytest.raises(InputError, match=rf"{path.name}: not found"):
        render_page(Contents("mini", tmp_path, tmp_path / "r/i.html", **{kind: [path]}))


def test_half_a_study_says_what_is_missing_and_what_makes_it(contents):
    half = Contents(
        "mini", contents.results, contents.out, contents.tables[:1],
        left_out={"Figure 9": "its job <failed>"}, commands={"Figure 9": "snakemake figure9"},
    )  # fmt: skip
    page = html.unescape(render_page(half))
    assert "Figure 9: its job <failed>" in page
    assert "snakemake figure9" in page
    assert 'id="figures"' not in page
    assert 'id="claims"' not in page


def test_a_study_without_anything_has_a_page(tmp_path):
    page = render_page(Contents("<script>x", tmp_path, tmp_path / "report/index.html"))
    assert "&lt;script&gt;x" in page


def test_a_warning_stands_above_everything(contents):
    page = render_page(Contents(**{**vars(contents), "warning": "These numbers say <nothing>."}))
    assert page.index("These numbers say &lt;nothing&gt;.") < page.index("<table")


def test_keys_that_differ_from_the_studys_file_are_listed(contents, page):
    changed = re.search(r"Different from the study's own file:(.*?)</ul>", page, re.S).group(1)
    assert "boxes.threshold: 0.3" in changed
    assert "figures.network" not in changed


def test_every_step_of_the_run_is_there_with_its_time(page):
    row = re.search(r'<tr id="step-evaluate">(.*?)</tr>', page, re.S).group(1)
    assert "<td>12.5</td>" in row
    assert "../logs/evaluate/net.log" in row


def test_json_cannot_end_its_script():
    value = {"</script><!--": "<&>\u2028"}
    text = str(as_json(value))
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == value


def test_the_rules_with_gpus_are_those_of_the_workflow():
    found = set()
    for file in (Path(__file__).parents[3] / "workflow/rules").glob("*.smk"):
        for rule in re.split(r"\n\s*(?=rule )", file.read_text()):
            if re.search(r"\*\*gpus\(", rule) and rule.startswith("rule "):
                found.add(rule.split()[1].rstrip(":"))
    assert found == set(GPU_RULES)


def test_claims_are_read_as_they_were_written(tmp_path):
    judged = [judge(claim, Tables({})) for claim in read_claims()]
    write_csv(tmp_path / "claims.csv", as_rows(judged))
    claims = read_page_claims(tmp_path / "claims.csv")
    assert [claim.name for claim in claims] == [claim.name for claim in read_claims()]
    assert counts(claims)["not computed"] == len(claims)
