"""The page's step."""

from pipeline_lib.reporting.catalogue import FIGURES
from pipeline_lib.steps.report import publish


def run(folder, figure):
    (folder / "table2.html").write_text("<table><tr><td>56.40</td></tr></table>")
    argv = ["--study", "mini", "--tables", str(folder / "table2.html")]
    argv += ["--figures", str(folder / figure), "--out", str(folder / "report.html")]
    return publish.main(argv)


def test_the_page_is_written_with_the_catalogues_captions(tmp_path):
    (tmp_path / "figure3.png").write_bytes(b"\x89PNG not really")
    assert run(tmp_path, "figure3.png") == 0
    page = (tmp_path / "report.html").read_text()
    assert "56.40" in page
    assert FIGURES["figure3"].caption in page


def test_what_is_missing_is_said_in_one_line(tmp_path, capsys):
    assert run(tmp_path, "figure3.png") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "figure3.png: not found" in line
    assert not (tmp_path / "report.html").exists()


def test_a_figure_that_the_catalogue_lacks_is_refused_in_one_line(tmp_path, capsys):
    (tmp_path / "figure99.png").write_bytes(b"\x89PNG not really")
    assert run(tmp_path, "figure99.png") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "figure99.png: the catalogue has no figure99" in line
