from pathlib import Path

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.reporting.catalogue import FIGURES, TABLES, available
from pipeline_lib.reporting.so_far import make_table_so_far, plot_figure_so_far, rows_of
from pipeline_lib.study.configuration.load import load_configuration
from pipeline_lib.study.study import build_study


@pytest.fixture(scope="module")
def mini(repository):
    return build_study(load_configuration({}, repository / "workflow/studies"))


@pytest.mark.parametrize("artefact", [*TABLES.values(), *FIGURES.values()], ids=lambda a: a.name)
def test_where_nothing_is_there_the_reason_is_said(mini, tmp_path, artefact):
    if artefact.unavailable(mini):
        pytest.skip("not in this study")
    make = make_table_so_far if artefact.name in TABLES else plot_figure_so_far
    with pytest.raises(InputError, match="train X failed"):
        make(artefact, mini, lambda path: "train X failed", tmp_path / "out.csv")
    assert not list(tmp_path.iterdir())


def test_partial_roles_are_roles_of_the_artefact(mini):
    for artefact in available(mini):
        absent = {"units-places205", "concepts-clip", "text-clip"}  # which mini does not have
        assert set(artefact.partial) - absent <= set(artefact.inputs(mini)), artefact.name


def test_missing_scores_name_the_rows_that_they_would_fill(mini):
    paths = mini.paths
    assert rows_of(mini, paths.scores(mini.one_crop_maps[0], "paper")) == ["GoogLeNet-GAP"]
    stars = next(maps for maps in mini.one_crop_maps if maps.network == "AlexNetplus-GAP")
    assert rows_of(mini, paths.scores(stars, "sweep")) == ["AlexNet*-GAP"]
    assert rows_of(mini, paths.svm("sun397", "whole", "AlexNet", "csv")) == ["SUN397, AlexNet"]
    assert rows_of(mini, paths.svm("cub", "cam", mini.main, "csv")) == ["GoogLeNet-GAP on crop"]
    assert rows_of(mini, paths.discovery("text")) == ["text"]


def test_a_table_of_some_scores_says_why_others_are_missing(mini, tmp_path, monkeypatch):
    """Table 5's module gets the reason of each missing cell, and only the files that are there."""
    seen = {}

    def make_table(table, inputs, study, out, sources):
        seen.update(absent=inputs.absent, scores=inputs.paths("scores"), notes=inputs.notes)

    monkeypatch.setattr("pipeline_lib.reporting.so_far.make_table", make_table)
    lost = mini.paths.svm("sun397", "whole", "AlexNet", "csv")
    why = {lost: "fit sun397 failed: no luck"}
    make_table_so_far(TABLES["table5"], mini, lambda path: why.get(path, ""), Path("x"))
    assert seen["absent"]["SUN397, AlexNet"] == "fit sun397 failed: no luck"
    assert Path(lost) not in seen["scores"]
    assert len(seen["scores"]) == len([each for each in mini.fitted if each[0] != "cub"]) - 1
    assert any("So far" in note for note in seen["notes"])
