"""What is published of a study: Snakemake's own report, and the run as an RO-Crate."""

import re
import shutil
import zipfile

import pytest

from tests.reporting.crate_validity import PROFILES, problems_of

pytestmark = pytest.mark.workflow


def test_snakemakes_report_has_every_table_and_figure_and_the_page(tiny_study):
    done = tiny_study.call("--report", "report.zip", "--config", *tiny_study.flags)
    assert done.returncode == 0, done.stdout + done.stderr
    results = tiny_study.folder / "results/mini"
    files = [*results.glob("tables/*.html"), *results.glob("figures/*.png")]
    files.append(results / "report/index.html")
    with zipfile.ZipFile(tiny_study.folder / "report.zip") as archive:
        held = {name.split("/")[-1]: name for name in archive.namelist() if "/data/raw/" in name}
        assert sorted(held) == sorted(path.name for path in files)
        for path in files:
            assert archive.read(held[path.name]) == path.read_bytes()
        html = archive.read("report/report.html").decode()
    for category in ("Tables", "Figures", "The page"):
        assert re.search(rf'"?{category}"?:', html), category
    for label in ("table2", "figure3", "tables and figures together"):
        assert f'"{label}"' in html
    assert "Table 2 of the paper: localization error by both box methods" in html
    assert "the paper&#x27;s numbers beside" in html or "the paper's numbers beside" in html


def test_the_run_is_a_valid_crate(tiny_study):
    done = tiny_study.run("crate")
    assert done.returncode == 0, done.stdout + done.stderr
    crate = tiny_study.folder / "results/mini/ro-crate"
    try:
        for profile in PROFILES:
            assert problems_of(crate, profile) == []
        assert (crate / "report/index.html").exists()
        assert (crate / "tables/table5.csv").exists()
        assert (crate / "workflow/rules/crate.smk").exists()
    finally:
        shutil.rmtree(crate)  # other tests count what a run without this target makes
