"""Each state of a job by its files, and what is known of a run."""

import time

import pytest
from snakemake.persistence.file import FilePersistence

from pipeline_lib.common.errors import InputError
from pipeline_lib.scheduling.state import Run, failures
from tests.scheduling.run_files import CONFIGURATION, START, RunFiles, path_of, record


@pytest.fixture
def run(tmp_path):
    return RunFiles(tmp_path)


def test_a_job_that_has_not_begun_is_to_do_whatever_an_earlier_run_left(run):
    run.write(START - 60, "out/train")
    run.write(START - 60, "logs/train.log", "error: of the run before")
    run.note(START - 60, "incomplete", "score")
    run.note(START - 60, "metadata", "world")
    assert set(run.states().values()) == {"to do"}


def test_each_state_by_its_files(run):
    run.write(START + 5, "out/world")
    run.note(START + 5, "metadata", "world")
    run.write(START + 6, "logs/train.log", "python -m x\nalmost there\n")
    run.note(START + 6, "incomplete", "train")
    run.write(START + 9, "logs/score.log", "python -m x\nerror: img7.JPEG: truncated\n")
    run.write(START - 60, path_of("table2"))
    states = {"world": "done", "train": "running", "score": "failed", "table1": "to do"}
    assert run.states() == states | {"table2": "to do"}  # older than its input
    run.write(START + 6, path_of("table2"))
    assert run.states() == states | {"table2": "done"}


def test_a_job_that_ended_without_a_log_failed(run):
    run.note(START + 5, "metadata", "train")
    run.write(START + 5, "logs/train.log")  # Snakemake's, if the job wrote none
    assert run.states()["train"] == "failed"


def test_failures_name_the_job_and_its_log(run, tmp_path):
    run.note(START + 5, "metadata", "train")
    run.write(START + 9, "logs/score.log", "error: img7.JPEG: truncated\n")
    log = tmp_path / "logs" / "score.log"
    expected = [
        "failed: train NIN: it wrote no log; see no log",
        f"failed: score: img7.JPEG: truncated; see {log}",
    ]
    assert failures(run.results) == expected
    printed = "x\nslurmstepd-n1: error: Exceeded job memory limit\nAt least one job did not\n"
    run.write(START + 5, ".snakemake/slurm_logs/rule_train/NIN/7.log", printed)
    slurm_log = run.folder / ".snakemake" / "slurm_logs" / "rule_train" / "NIN" / "7.log"
    expected[0] = f"failed: train NIN: Exceeded job memory limit; see {slurm_log}"
    assert failures(run.results) == expected
    assert failures(tmp_path / "nothing") == []


def test_a_marker_of_a_dead_snakemake_is_a_failure(run):
    run.note(START + 6, "incomplete", "train")
    run.write(START + 6, "out/train")  # may be half written
    assert run.states()["train"] == "running"
    run.change(process_started=START)  # the process's number is another's now
    assert run.states()["train"] == "failed"


def test_from_another_host_the_lock_tells(run):
    run.change(host="login2")
    assert not Run(run.results).alive
    run.write(START, ".snakemake/locks/0.output.lock", "out/world")
    assert Run(run.results).alive


def test_long_names_are_read_as_snakemake_writes_them(run):
    output = "out/" + "/".join(["long"] * 80)
    run.change(jobs=[record("train", None) | {"outputs": [output]}])
    persistence = FilePersistence.__new__(FilePersistence)
    persistence._max_len = None
    folder = run.folder / ".snakemake" / "incomplete"
    folder.mkdir(parents=True)
    persistence._io_write(str(folder), {"external_jobid": None}, output)
    assert run.states() == {"train": "running"}


def test_a_thousand_jobs_are_read_within_a_second_or_two(run):
    jobs = [record(f"job{n}", f"job{n - 1}" if n else None) for n in range(1000)]
    run.change(jobs=jobs)
    for n in range(500):
        run.note(START + 1, "metadata", f"job{n}")
        run.write(START + 1, f"out/job{n}")
    began = time.monotonic()
    state = Run(run.results)
    assert len(state.in_state("done")) == 500
    targets = state.jobs_by_target({f"table{n}": ["out/job999"] for n in range(15)})
    assert {len(jobs) for jobs in targets.values()} == {1000}
    assert time.monotonic() - began < 2


def test_the_configuration_is_the_runs_and_its_data_are_found_from_any_folder(run, monkeypatch):
    assert Run(run.results).configuration.networks["NIN"].architecture == "nin"
    monkeypatch.setenv("HOME", "/home/me")
    for root, seen in (("data", str(run.folder / "data")), ("~/d", "/home/me/d"), ("/d", "/d")):
        run.change(configuration=CONFIGURATION | {"data_root": root})
        assert Run(run.results).configuration.data_root == seen


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"folder": "/gone"}, "/gone: not found; .*graph.json was written in this folder"),
        (
            {"configuration": CONFIGURATION | {"gpus": 1}},
            "graph.json: configuration.gpus: unknown key; did you mean gpu?",
        ),
    ],
)
def test_a_run_that_cannot_be_read_is_one_line(run, changes, message):
    run.change(**changes)
    with pytest.raises(InputError, match=message):
        Run(run.results).configuration  # noqa: B018
