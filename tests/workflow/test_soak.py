"""A sample of `make soak`: one fault of each kind, at jobs that little depends on."""

import shutil

import pytest

from tests.soak.faults import FAULTS
from tests.soak.run import Run, jobs_of
from tests.soak.trial import chosen, compare, trial

pytestmark = pytest.mark.workflow
SLOW = [pytest.param(n, id=name, marks=pytest.mark.slow) for n, name in enumerate(FAULTS) if n]


@pytest.fixture(scope="module")
def finished(tiny_study):
    return Run(tiny_study.folder, tiny_study.folder / "results" / "mini", tiny_study.flags)


@pytest.mark.parametrize("number", [pytest.param(0, id=next(iter(FAULTS))), *SLOW])
def test_after_a_fault_the_results_are_the_same(finished, number, tmp_path):
    outcome = trial(number, finished, jobs_of(finished), tmp_path / "copy", cheap=True)
    assert outcome.number == number


def test_a_hundred_trials_strike_every_rule_with_every_fault(finished):
    jobs = jobs_of(finished)
    trials = [chosen(number, jobs) for number in range(100)]
    assert {job.rule for _, job in trials} == {job.rule for job in jobs}
    assert {fault for fault, _ in trials} == set(FAULTS)
    assert trials == [chosen(number, jobs) for number in range(100)]


def test_the_comparison_notices_what_is_changed_lost_or_left_behind(finished, tmp_path):
    runs = [Run(folder, folder / "results", ()) for folder in (tmp_path / "a", tmp_path / "b")]
    for run in runs:
        shutil.copytree(finished.results / "tables", run.results / "tables")
    compare(*runs)
    table = runs[1].results / "tables" / "table1.csv"
    content = table.read_bytes()
    for change in (
        lambda: table.write_bytes(content.replace(b"1", b"2", 1)),
        table.unlink,
        table.with_suffix(".tmp").touch,
    ):
        change()
        with pytest.raises(AssertionError, match="table1"):
            compare(*runs)
        table.write_bytes(content)
        table.with_suffix(".tmp").unlink(missing_ok=True)
    compare(*runs)
