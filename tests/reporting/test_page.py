import base64
import html
import re

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.reporting.catalogue import FIGURES
from pipeline_lib.reporting.page import render_page


def test_the_page_holds_its_tables_and_figures_and_needs_nothing_else(tmp_path):
    table, figure = tmp_path / "table2.html", tmp_path / "figure3.png"
    table.write_text("<table><tr><td>56.40 &amp; more</td></tr></table>")
    figure.write_bytes(b"\x89PNG not really")
    page = render_page("mini", [table], [figure])
    assert "<td>56.40 &amp; more</td>" in page
    assert base64.b64encode(figure.read_bytes()).decode() in page
    links = re.findall(r"""(?:src|href)=["']([^"']*)""", page)
    assert links
    assert all(link.startswith(("data:", "#")) for link in links)
    targets = {link[1:] for link in links if link.startswith("#")}
    assert targets == {"table2", "figure3"} <= set(re.findall(r'id="([^"]*)"', page))


@pytest.mark.parametrize("figure", FIGURES.values(), ids=lambda figure: figure.name)
def test_captions_are_the_catalogues(tmp_path, figure):
    path = tmp_path / f"{figure.name}.png"
    path.write_bytes(b"\x89PNG not really")
    page = html.unescape(render_page("mini", [], [path]))
    assert f"{figure.title}. {figure.caption}" in page


def test_the_studys_name_is_escaped(tmp_path):
    page = render_page("<script>x", [], [])
    assert "<script>" not in page
    assert "&lt;script&gt;x" in page


@pytest.mark.parametrize("kind", ["table", "figure"])
def test_a_missing_part_is_refused_by_name(tmp_path, kind):
    tables = [tmp_path / "table1.html"] if kind == "table" else []
    figures = [tmp_path / "figure3.png"] if kind == "figure" else []
    with pytest.raises(InputError, match=rf"{kind}\d\.\w+: not found"):
        render_page("mini", tables, figures)


def test_a_warning_stands_above_everything(tmp_path):
    table = tmp_path / "table1.html"
    table.write_text("<table></table>")
    page = render_page("rehearsal", [table], [], warning="These numbers say <nothing>.")
    assert page.index("These numbers say &lt;nothing&gt;.") < page.index("<table>")
    assert 'class="warning"' not in render_page("mini", [table], [])
