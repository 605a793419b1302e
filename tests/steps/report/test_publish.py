"""The page's step."""

import json

from pipeline_lib.steps.report import publish
from tests.reporting.page.planted_page import plant_page


def run(contents, *more):
    argv = ["--study", "mini", "--results", str(contents.results)]
    argv += ["--tables", *map(str, contents.tables), "--claims", str(contents.claims)]
    argv += ["--figures", *map(str, contents.figures)]
    argv += ["--config", json.dumps(contents.configuration), "--own", json.dumps(contents.own)]
    return publish.main([*argv, *more, "--out", str(contents.out)])


def test_the_page_is_written_with_all_its_parts(tmp_path):
    contents = plant_page(tmp_path)
    more = ["--left-out", "Figure 9=no <images>", "--make", "Figure 9=snakemake figure9"]
    assert run(contents, *more) == 0
    page = contents.out.read_text()
    for part in (
        "60.00",
        'id="figure3"',
        "claim-gap-and-gmp",
        "no &lt;images&gt;",
        "snakemake figure9",
    ):
        assert part in page


def test_what_is_missing_is_said_in_one_line(tmp_path, capsys):
    contents = plant_page(tmp_path)
    contents.figures[0].unlink()
    assert run(contents) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "figure3.png: not found" in line
    assert not contents.out.exists()


def test_a_damaged_part_is_said_in_one_line(tmp_path, capsys):
    contents = plant_page(tmp_path)
    contents.figures[0].write_bytes(b"\x89PNG not really")
    assert run(contents) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "figure3.png: not a picture" in line
