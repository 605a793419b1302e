"""What a user of the workflow relies on, seen on a study that takes a minute."""

import os
import re

import pandas as pd
import pytest

pytestmark = pytest.mark.workflow


def test_everything_named_in_the_readme_is_there(tiny_study):
    results = tiny_study.folder / "results" / "mini"
    for name in ("table1", "table2"):
        for suffix in ("csv", "md", "html"):
            assert (results / "tables" / f"{name}.{suffix}").stat().st_size > 0
    for name in ("figure3", "figure4"):
        assert (results / "figures" / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
        assert (results / "figures" / f"{name}.json").exists()
    assert not (results / "checkpoints").exists() or not any((results / "checkpoints").iterdir())


def test_table2_holds_every_row_of_the_paper_and_the_computed_ones(tiny_study):
    table = pd.read_csv(tiny_study.folder / "results/mini/tables/table2.csv")
    assert list(table) == ["row", "metric", "paper", "ours", "low", "high", "n", "note"]
    cell = table.set_index(["row", "metric"])
    assert 0 <= cell.loc[("GoogLeNet-GAP", "top-1"), "ours"] <= 100
    assert cell.loc[("GoogLeNet-GAP", "top-1"), "paper"] == 56.40
    missing = cell.loc[("VGGnet-GAP", "top-5")]
    assert pd.isna(missing["ours"])
    assert "not among this study's networks" in missing["note"]
    assert cell.loc[("Centred box", "GT-known"), "n"] > 0


def test_the_page_asks_for_nothing_from_elsewhere(tiny_study):
    page = (tiny_study.folder / "results/mini/report/index.html").read_text()
    sources = re.findall(r"""(?:src|href)=["']([^"']*)""", page)
    assert sources
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert "url(" not in page
    assert page.count("<table>") == 2


def test_a_second_run_does_nothing(tiny_study):
    assert tiny_study.planned() == {}


def test_touching_the_library_retrains_nothing(tiny_study, repository):
    os.utime(repository / "pipeline_lib" / "training" / "loop.py")
    assert tiny_study.planned() == {}


def test_a_new_threshold_reruns_boxes_and_tables_but_no_network(tiny_study):
    jobs = tiny_study.planned("table2", boxes={"threshold": 0.35})
    assert jobs == {"localize": 2, "evaluate": 2, "table": 1, "table2": 1}


def test_new_training_flags_of_one_network_retrain_that_one(tiny_study):
    changed = {"NIN": {"options": {"width": 0.125}}, "GoogLeNet": False, "GoogLeNet-GMP": False}
    jobs = tiny_study.planned("table1", networks=changed)
    assert (jobs["train"], jobs["predict"], jobs["localize"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("lost", "again"),
    [
        ("figures/figure3.png", {"figure3", "report", "all"}),
        (
            "boxes/NIN.csv",
            {"localize", "evaluate", "table", "report", "all"},
        ),
        (
            "predictions/ilsvrc-val/NIN.h5",
            {"predict", "localize", "evaluate", "table", "report", "all"},
        ),
        ("tables/table1.md", {"table", "report", "all"}),
        ("data/photographs/images.csv", {"photographs", "predict", "figure4", "report", "all"}),
    ],
)
def test_a_lost_artefact_is_rebuilt_with_what_depends_on_it_alone(tiny_study, lost, again):
    path = tiny_study.folder / "results" / "mini" / lost
    kept = path.with_name(path.name + ".kept")
    path.rename(kept)
    try:
        assert set(tiny_study.planned()) == again
    finally:
        kept.rename(path)


def test_every_job_left_a_log_that_begins_with_its_command(tiny_study):
    logs = list((tiny_study.folder / "results/mini/logs").rglob("*.log"))
    assert len(logs) >= 15
    for log in logs:
        assert log.read_text().startswith("python -m pipeline_lib."), log


def test_every_job_left_a_benchmark(tiny_study):
    results = tiny_study.folder / "results/mini"
    logs = {
        p.relative_to(results / "logs").with_suffix("") for p in (results / "logs").rglob("*.log")
    }
    timed = {
        p.relative_to(results / "benchmarks").with_suffix("")
        for p in (results / "benchmarks").rglob("*.tsv")
    }
    assert logs == timed
