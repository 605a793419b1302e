"""The table of benchmarks: ratios of a clock that is set by hand, and modules that can be measured."""

from importlib import import_module
from pathlib import Path

import pytest

from benchmarks import bench, growth_cases, growth_inputs, harness
from pipeline_lib.__main__ import steps


def test_ratios_are_of_pairs_and_their_order_alternates(monkeypatch):
    now, called = [0.0], []
    monkeypatch.setattr(harness.time, "perf_counter", lambda: now[0])

    def way(name, seconds):
        taken = iter([100, *seconds])  # the first run does not count

        def run():
            called.append(name)
            now[0] += next(taken)

        return run

    row = harness.paired(
        "boxes", way("ours", [1, 2, 4]), way("theirs", [10, 10, 10]),
        peer="a loop", items=20, unit="maps/s", aim=4, same="every box", repeats=3,
    )  # fmt: skip
    assert called == ["ours", "theirs", "theirs", "ours", "ours", "theirs", "theirs", "ours"]
    assert (row.ours, row.theirs) == (10, 2)
    assert (row.ratio, row.low, row.high) == (5, 2.5, 10)
    (line,) = [each for each in harness.as_markdown([row], {}).splitlines() if "a loop" in each]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells == [
        "boxes", "a loop", "10 maps/s", "2 maps/s", "5 (2.5 to 10)", "4", "yes", "every box",
    ]  # fmt: skip


@pytest.mark.parametrize("name", bench.MODULES)
def test_each_module_can_be_measured(name):
    assert callable(import_module(f"benchmarks.{name}").measure)


@pytest.mark.parametrize("case", growth_cases.CASES, ids=lambda case: case.name)
def test_each_step_whose_growth_is_measured_has_its_inputs_and_flags(case, tmp_path, monkeypatch):
    monkeypatch.setattr(growth_cases, "growth_inputs", growth_inputs, raising=False)
    words = case.prepare(tmp_path, case.least)
    assert any(Path(word).exists() for word in words if word.startswith(str(tmp_path)))
    if "pipeline_lib" in words:  # else a script of the benchmarks
        name, *flags = words[words.index("pipeline_lib") + 1 :]
        (chapter,) = [chapter for chapter, modules in steps().items() if name in modules]
        step = import_module(f"pipeline_lib.steps.{chapter}.{name}")
        step.make_parser().parse_args(flags)
