"""The figure of random weights: what it shows and says, and where its texts are."""

import json
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.evaluation.randomized_table import RANDOMIZED_COLUMNS, summarise_agreement
from pipeline_lib.reporting.figures import sanity
from tests.reporting.drawn_texts import AWKWARD, faults, keep_figures, words
from tests.reporting.test_figure_layout import BLIND, lab

METHODS = ("cam", "grad-cam", "backprop")


def table_of(methods=METHODS, stages=12, left_out=None, name="net"):
    rng = np.random.default_rng(0)
    values = {method: rng.uniform(-0.3, 1, (24, stages, 2)) for method in methods}
    layers = [f"trunk.inception4{k}.branch2.1.conv" for k in range(stages)]
    return summarise_agreement(name, values, layers, left_out or {})


@pytest.fixture
def plotted(tmp_path, monkeypatch):
    """Return a function that plots a table: the figure, and its JSON."""

    def plot(table, **settings):
        figures = keep_figures(monkeypatch, sanity)
        sanity.plot(table, settings, tmp_path / "f.png")
        return figures[-1], json.loads((tmp_path / "f.json").read_text())

    return plot


def test_each_method_has_a_line_in_both_panels_that_starts_at_the_trained_network(plotted):
    table = table_of()
    figure, facts = plotted(table, images=["a"] * 24, right=20)
    assert faults(figure) == []
    panels = [axes for axes in figure.axes if axes.collections]
    assert len(panels) == 2
    assert panels[0].get_ylim() == panels[1].get_ylim()  # the second has no labels of its own
    for measure, axes in zip(("rank correlation", "SSIM"), panels, strict=True):
        assert len(axes.collections) == len(METHODS)  # the intervals
        lines = [line for line in axes.lines if len(line.get_xdata()) == 13]
        for method, line in zip(METHODS, lines, strict=True):
            own = table[(table["method"] == method) & (table["measure"] == measure)]
            assert line.get_ydata() == pytest.approx([1, *own["mean"]], abs=1e-4)
    written = words(figure)
    assert "20 of them classified correctly" in written
    assert "Yona" in written and "Binder" in written and "disputed" in written
    assert "Grad-CAM" in facts["alt"] and "12 stages" in facts["alt"]
    assert facts["images"] == ["a"] * 24
    assert len(facts["lines"]) == 6
    assert facts["left_out"] == {}


def test_what_is_left_out_is_said_with_its_reason(plotted):
    reasons = {"cam": f"{AWKWARD[1]}: has no class maps: {'a long reason ' * 20}"}
    figure, facts = plotted(table_of(METHODS[1:], left_out=reasons, name=AWKWARD[0]))
    assert faults(figure) == []
    assert "Without CAM: $x_1$ and" in words(figure)
    assert facts["left_out"] == reasons


@pytest.mark.parametrize("stages", [1, 3, 40])
def test_any_number_of_stages_and_methods(plotted, stages):
    methods = [*METHODS, "grad-cam++", "score-cam", "occlusion", AWKWARD[3]]
    figure, facts = plotted(table_of(methods, stages))
    assert faults(figure) == []
    assert len(facts["layers"]) == stages


def test_with_nothing_to_show_it_says_so(plotted):
    figure, facts = plotted(table_of((), left_out={"cam": "cannot"}))
    assert "nothing to show" in words(figure)
    assert facts["alt"].startswith("No picture")
    empty = pd.DataFrame(columns=list(RANDOMIZED_COLUMNS)).astype({"n": int})
    assert plotted(empty)[1]["lines"] == []


@pytest.mark.parametrize("blindness", BLIND)
def test_the_first_methods_differ_for_every_colour_vision(blindness):
    colours = [lab(colour, blindness) for colour, _, _ in sanity.LOOKS[:4]]
    assert min(np.linalg.norm(a - b) for a, b in combinations(colours, 2)) > 20
    assert len({mark for _, mark, _ in sanity.LOOKS}) == len(sanity.LOOKS)
