"""What a user of the workflow relies on, seen on a study that takes a minute."""

import html
import os
import re
import subprocess
import sys

import pandas as pd
import pytest

from pipeline_lib.evaluation.by_image import mean_percent, read_by_image
from pipeline_lib.reporting.catalogue import available
from pipeline_lib.reporting.cells import read_table
from pipeline_lib.reporting.claims.claim import read_claims
from pipeline_lib.scheduling.measured import MEASURED_FILE
from pipeline_lib.study.configuration.load import load_configuration
from pipeline_lib.study.files import every_file
from pipeline_lib.study.study import build_study

pytestmark = pytest.mark.workflow

JUDGED = ("claims", "report")  # rerun wherever a table is


def test_everything_named_in_the_readme_is_there(tiny_study):
    results = tiny_study.folder / "results" / "mini"
    for name in ("table1", "table2", "table3", "table4", "table5", "table_maps", "measures"):
        for suffix in ("csv", "md", "html"):
            assert (results / "tables" / f"{name}.{suffix}").stat().st_size > 0
    for name in (*(f"figure{n}" for n in (*range(3, 10), 11, 13)), "thresholds", "figure_sanity"):
        assert (results / "figures" / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
        assert (results / "figures" / f"{name}.json").exists()
    assert not (results / "scratch/checkpoints").exists() or not any(
        (results / "scratch/checkpoints").iterdir()
    )


def test_the_account_has_a_line_a_chapter(tiny_study):
    """What the run printed off a terminal: no line of any job, no control character."""
    text = tiny_study.account
    assert not any(mark in text for mark in ("\r", "\033", "{", "rule ", "epoch"))
    lines = [line for line in text.splitlines() if not line.startswith(("Using", "Config"))]
    found = {line.split()[0]: line for line in lines if line.endswith(tuple("0123456789"))}
    chapters = {"data", "networks", "localization", "transfer", "discovery", "units", "report"}
    assert chapters <= set(found)
    assert "3 trained" in found["networks"]
    assert "least top-1 localization error" in found["localization"]
    assert "on 5 sets" in found["transfer"]  # the four, and that of text
    assert "7 tables, 11 figures, the page" in found["report"]
    assert lines[-1].startswith("done: ") and "warning" in lines[-1]
    assert len(lines) < 20
    assert max(map(len, lines)) <= 130


def test_the_summary_fits_a_screen(tiny_study):
    command = ("python", "-m", "pipeline_lib", "summarize", "--results", "results/mini")
    done = subprocess.run(
        (sys.executable, *command[1:]), cwd=tiny_study.folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) <= 24
    assert all(len(line) <= 100 for line in lines[:-1])
    page = tiny_study.folder / "results/mini/report/index.html"
    assert lines[-1] == f"The page: {page.resolve().as_uri()}"
    assert "7 tables, 11 figures" in lines[0]
    (of_table2,) = (line for line in lines if "Table 2" in line and "GoogLeNet-GAP" in line)
    assert of_table2.endswith("56.4")  # the paper's


def test_table2_holds_every_row_of_the_paper_and_the_computed_ones(tiny_study):
    table = pd.read_csv(tiny_study.folder / "results/mini/tables/table2.csv", comment="#")
    assert list(table) == ["row", "metric", "paper", "ours", "low", "high", "n", "note"]
    cell = table.set_index(["row", "metric"])
    assert 0 <= cell.loc[("GoogLeNet-GAP", "top-1"), "ours"] <= 100
    assert cell.loc[("GoogLeNet-GAP", "top-1"), "paper"] == 56.40
    missing = cell.loc[("VGGnet-GAP", "top-5")]
    assert pd.isna(missing["ours"])
    assert missing["note"] == "left out: config.networks.VGGnet-GAP is false"
    assert cell.loc[("Centred box", "GT-known"), "n"] > 0


def test_every_number_is_the_mean_of_its_images(tiny_study):
    """What stands behind a cell makes the cell: all of Tables 1 to 5, and most measures."""
    folder, compared = tiny_study.folder / "results/mini/tables", 0
    for path in sorted(folder.glob("*.csv")):
        for cell in read_table(path).itertuples():
            if cell.by_image:
                values = read_by_image(folder / cell.by_image, cell.column)
                assert mean_percent(values) == pytest.approx(cell.ours, abs=0.006), cell
                compared += 1
            else:
                # Differences, and PxAP over all pixels at once, are no mean over images.
                assert pd.isna(cell.ours) or path.stem in ("measures", "table_maps")
    assert compared > 50


def test_every_claim_is_judged(tiny_study):
    claims = pd.read_csv(tiny_study.folder / "results/mini/claims.csv", comment="#")
    assert list(dict.fromkeys(claims["claim"])) == [claim.name for claim in read_claims()]
    states = claims.drop_duplicates("claim").set_index("claim")["state"]
    assert states["cam-beats-backprop-vggnet"] == "not computed"  # VGGnet-GAP is left out
    assert states["cam-beats-the-centred-box"] != "not computed"
    assert claims.loc[claims["claim"] == "cam-beats-the-centred-box", "paired"].all()


def test_the_page_asks_for_nothing_from_elsewhere(tiny_study):
    report = tiny_study.folder / "results/mini/report"
    page = (report / "index.html").read_text()
    assert len(page) < 5_000_000
    sources = re.findall(r"""\s(?:src|href)=["']([^"']*)""", page)
    assert sources
    for source in sources:
        assert source.startswith(("data:", "#", "../"))
        if source.startswith("../"):
            assert (report / html.unescape(source)).exists(), source
    assert "url(" not in page
    assert len(set(re.findall(r'<table class="results sortable" data-table="(\w+)"', page))) == 7
    for name in ("explorer", "errors", "units", "claims", "provenance"):
        assert f'<section id="{name}"' in page


def test_all_asks_for_every_file_that_jobs_make(tiny_study, tiny_config):
    """A lost file that nothing asks for would not be noticed."""
    studies = tiny_study.folder / "workflow" / "studies"
    study = build_study(load_configuration({"study": "mini", **tiny_config}, studies))
    asked = {*every_file(study), study.paths.report, f"{study.paths.packed}/index.json"}
    asked |= {file for artefact in available(study) for file in artefact.files(study)}
    results = tiny_study.folder / study.paths.results
    resumable = {"scratch", "history", "logs", "benchmarks", "world", "graph.json", MEASURED_FILE}
    made = {
        str(path.relative_to(tiny_study.folder))
        for path in results.rglob("*")
        if path.is_file() and path.relative_to(results).parts[0] not in resumable
    }
    assert made <= asked
    assert all((tiny_study.folder / file).exists() for file in asked)


def test_a_second_run_does_nothing(tiny_study):
    assert tiny_study.planned() == {}


def test_touching_the_library_retrains_nothing(tiny_study, repository):
    os.utime(repository / "pipeline_lib" / "training" / "loop.py")
    assert tiny_study.planned() == {}


def test_a_new_threshold_reruns_boxes_and_tables_but_no_network(tiny_study):
    jobs = tiny_study.planned("table2", boxes={"threshold": 0.35})
    assert jobs == {"localize": 3, "evaluate": 3, "table": 1, "table2": 1}


def test_table1_alone_asks_for_no_gradients_and_no_sweep(workflow_files, tiny_config):
    jobs = workflow_files("alone", tiny_config).planned("table1")
    # Two of the networks have class maps, and thus predictions merged over ten crops too.
    assert (jobs["train"], jobs["predict"], jobs["localize"]) == (3, 5, 5)
    assert "sweep" not in jobs


def test_table5_alone_asks_for_no_val_image_and_no_bird(workflow_files, tiny_config):
    every = tiny_config["transfer"] | {"sets": "all"}
    jobs = workflow_files("alone5", tiny_config).planned("table5", transfer=every)
    assert (jobs["train"], jobs["features"], jobs["fit"]) == (1, 8, 8)
    assert jobs["index"] == 8 + 1  # the images to train on
    assert not {"predict", "localize", "evaluate_birds"} & set(jobs)


def test_table5_is_filled_for_the_network_that_was_asked_for(tiny_study):
    cells = pd.read_csv(tiny_study.folder / "results/mini/tables/table5.csv", comment="#")
    ours = cells[cells["row"] == "gap from GoogLeNet-GAP"]
    assert ours["paper"].notna().sum() == 8
    studied = ours.dropna(subset="ours").set_index("metric")
    assert set(studied.index) == {"SUN397", "SUN Attribute", "Event8"}
    assert studied[["low", "high"]].notna().all(axis=None)
    assert studied["ours"].between(0, 100).all()
    assert "2 splits" in studied.loc["Event8", "note"]
    left_out = ours.loc[ours["ours"].isna(), "note"]
    assert left_out.str.contains("not among config.transfer.sets").all()
    others = cells[cells["row"] != "gap from GoogLeNet-GAP"]
    assert others["ours"].isna().all()


def test_table4_crops_in_training_and_test_and_has_chance_beside_it(tiny_study):
    cells = pd.read_csv(tiny_study.folder / "results/mini/tables/table4.csv", comment="#")
    ours = cells[cells["ours"].notna()].set_index(["row", "metric"])["ours"]
    for crop in ("full image", "crop", "BBox"):
        assert 0 <= ours[f"GoogLeNet-GAP on {crop}", "accuracy"] <= 100
    assert sum(row.startswith("Chance: ") for row, _ in ours.index) == 8
    features = tiny_study.folder / "results/mini/features/cub"
    assert {path.parent.name for path in features.rglob("*.h5")} == {"whole", "cam", "box"}


def test_another_choice_of_costs_fits_again_and_extracts_nothing(tiny_study, tiny_config):
    changed = tiny_config["transfer"] | {"costs": [0.1]}
    jobs = tiny_study.planned("table5", transfer=changed)
    assert jobs == {"fit": 3, "table": 1, "table5": 1}


def test_new_training_flags_of_one_network_retrain_that_one(tiny_study, tiny_config):
    changed = tiny_config["networks"] | {"AlexNetplus-GAP": {"options": {"width": 0.125}}}
    jobs = tiny_study.planned("table1", networks=changed)
    assert (jobs["train"], jobs["predict"], jobs["localize"]) == (1, 2, 2)


def test_the_submission_has_a_line_for_each_test_image(tiny_study):
    folder = tiny_study.folder / "results/mini/submission"
    for guesses in ("plain", "heuristics"):
        lines = (folder / f"GoogLeNet-GAP-{guesses}.txt").read_text().splitlines()
        assert len(lines) == 6
        for line in lines:
            numbers = [int(word) for word in line.split()]
            assert len(numbers) == 25
            assert all(1 <= label <= 10 for label in numbers[::5])
    plain, heuristics = (
        [line.split()[:5] for line in (folder / f"GoogLeNet-GAP-{guesses}.txt").open()]
        for guesses in ("plain", "heuristics")
    )
    assert plain == heuristics  # the first guess is the same


def test_training_left_its_history(tiny_study):
    history = pd.read_csv(
        tiny_study.folder / "results/mini/history/GoogLeNet-GAP/history.csv", comment="#"
    )
    assert history["step"].iloc[-1] == 5
    assert history["loss"].notna().all()


@pytest.mark.parametrize(
    ("lost", "again"),
    [
        ("figures/figure3.png", {"figure", "report", "all"}),
        (
            "boxes/ilsvrc-val/network/ten-crop/authors/GoogLeNet-GAP.csv",
            {"localize", "evaluate", "table", *JUDGED, "all"},
        ),
        (
            "predictions/ilsvrc-val/backprop/one-crop/AlexNet.h5",
            {
                *("predict", "localize", "evaluate", "sweep", "table", "figure", "all"),
                *(*JUDGED, "explorer"),
            },
        ),
        ("tables/table1.md", {"table", *JUDGED, "all"}),
        ("data/photographs/images.csv", {"index", "predict", "figure", "report", "all"}),
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
        assert log.read_text().startswith("python -m pipeline_lib "), log


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


def test_a_network_that_fails_for_good_leaves_its_cells_empty_with_the_reason(
    workflow_files, tiny_config
):
    broken = {"AlexNetplus-GAP": {"recipe": {"rate": 1e9}}, "NIN": False}
    networks = tiny_config["networks"] | broken
    workflow = workflow_files("broken", tiny_config)
    done = workflow.run("table1", "--keep-going", "--logger", "chapters", networks=networks)
    assert done.returncode != 0
    lines = done.stderr.splitlines()
    (failed,) = (line for line in lines if line.startswith("failed: "))
    assert failed.startswith("failed: train AlexNetplus-GAP: the loss is not finite")
    assert (
        lines[lines.index(failed) + 1] == "  its log: results/mini/logs/train/AlexNetplus-GAP.log"
    )
    assert any("so_far" in line and "tables of what is there" in line for line in lines)
    assert lines[-1].startswith("stopped after ") and "1 failed" in lines[-1]
    results = workflow.folder / "results/mini"
    assert not (results / "tables/table1.csv").exists()
    assert workflow.run("so_far", networks=networks).returncode == 0
    cells = pd.read_csv(results / "so-far/tables/table1.csv", comment="#").set_index(
        ["row", "metric"]
    )
    assert 0 <= cells.loc[("GoogLeNet-GAP", "top-1"), "ours"] <= 100
    failed, left_out = cells.loc[("AlexNet*-GAP", "top-1")], cells.loc[("NIN", "top-1")]
    assert pd.isna(failed["ours"]) and pd.isna(left_out["ours"])
    assert failed["note"].startswith("train AlexNetplus-GAP failed: the loss is not finite")
    assert left_out["note"] == "left out: config.networks.NIN is false"
    page = (results / "so-far/index.html").read_text()
    # Of scores alone, which Tables 2 and 3 have in common.
    assert len(set(re.findall(r'<td class="ours".*? data-table="(\w+)"', page))) == 3
    assert "Figure 9: not computed yet <code>snakemake figure9 " in page
