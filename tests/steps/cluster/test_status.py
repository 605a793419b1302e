"""The report on a run: counts per target, and what is said about jobs that run or failed."""

import re

import pytest

from pipeline_lib.steps.cluster import status
from tests.scheduling.run_files import CONFIGURATION, START, RunFiles, path_of


class Reported(RunFiles):
    """The files of a run, and the report on them."""

    def status(self, capsys):
        code = status.main(["--results", str(self.results)])
        return code, "".join(capsys.readouterr())


@pytest.fixture
def run(tmp_path):
    return Reported(tmp_path)


def test_each_state_is_counted_per_target_and_explained(run, capsys):
    run.write(START + 5, "out/world")
    run.note(START + 5, "metadata", "world")
    run.write(START + 6, "logs/train.log", "python -m x\nalmost there\n")
    run.note(START + 6, "incomplete", "train")
    run.write(START + 9, "logs/score.log", "python -m x\nerror: img7.JPEG: truncated\n")
    run.write(START + 6, path_of("table2"))
    code, text = run.status(capsys)
    assert code == 1
    assert re.search(r"table1 +4 +1 +1 +1 +1\n", text)
    assert re.search(r"table2 +2 +2 *\n", text)
    assert re.search(r"Not asked for yet: table3, .*, report\.\n", text)
    assert re.search(r"train NIN: almost there \(silent for \d+ min\)", text)
    assert "  score\n    " in text
    assert "logs/score.log\n      | python -m x\n      | error: img7.JPEG: truncated" in text
    assert "Of 5 jobs: 2 done, 1 running, 1 failed, 1 to do." in text


def test_slurms_own_words_explain_a_job_without_a_log(run, capsys):
    run.note(START + 5, "metadata", "train")
    printed = "Elapsed\nslurmstepd-n1: error: Exceeded job memory limit\nAt least one job did not\n"
    run.write(START + 4, ".snakemake/slurm_logs/rule_train/NIN/7.log", printed)
    run.write(START + 5, "logs/train.log")  # Snakemake's, if the job wrote none
    text = run.status(capsys)[1]
    assert re.search(r"train NIN: it wrote no log\n.*/7.log\n +\| .* memory limit\n\n", text)


def test_a_log_without_an_error_was_killed(run, capsys):
    run.write(START + 4, "logs/train.log", "epoch 1 of 5")
    assert "train NIN: no error in its log; it was killed" in run.status(capsys)[1]


def test_in_the_queue_of_slurm(run, capsys):
    run.write(START + 1, "logs/train.log", "error: of the first try")
    run.note(START + 60, "incomplete", "train", "4711")
    assert "train NIN: in SLURM's queue as 4711\n" in run.status(capsys)[1]


def test_a_job_of_a_dead_snakemake_is_said_to_be(run, capsys):
    run.note(START + 6, "incomplete", "train")
    assert run.status(capsys)[0] == 0
    run.change(process_started=START)  # the process's number is another's now
    code, text = run.status(capsys)
    assert code == 1
    assert "has ended" in text
    assert "train NIN: Snakemake died while it ran" in text


def test_a_run_that_ended_early_is_an_error(run, capsys):
    assert run.status(capsys)[0] == 0
    run.change(pid=2**22 + 1)  # more than Linux gives out
    code, text = run.status(capsys)
    assert code == 1
    assert "the run has ended with unfinished jobs: 4; start it again" in text


def test_targets_are_those_that_the_runs_configuration_allows(run, capsys, monkeypatch):
    real = {key: value for key, value in CONFIGURATION.items() if key != "world"}
    run.change(configuration=real | {"data_root": "data"})
    assert "figure10," not in run.status(capsys)[1]
    (run.folder / "data" / "coco").mkdir(parents=True)
    monkeypatch.chdir("/")
    assert "figure10," in run.status(capsys)[1]


def test_without_a_run_it_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert status.main([]) == 1
    assert capsys.readouterr().err == "error: results: no run of a study below it; set --results\n"
