"""A job's state from files, each state by hand, and how far a job is."""

import json
import os
import re
import socket
import time
from base64 import urlsafe_b64encode
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch
from snakemake.persistence.file import FilePersistence

from pipeline_lib.features.blocks import Blocks
from pipeline_lib.scheduling import graph_file
from pipeline_lib.scheduling.progress import progress
from pipeline_lib.scheduling.state import Run
from pipeline_lib.steps.cluster import status
from pipeline_lib.training.history import History

START = 1_700_000_000


@pytest.fixture
def study(tmp_path):
    """A study of four jobs in a row and one of an earlier run; nothing has begun."""
    return Study(tmp_path)


class Study:
    def __init__(self, folder):
        self.folder, self.results = folder, folder / "results" / "mini"
        names = ("world", "train", "score", "table1")
        jobs = [record(name, before) for name, before in zip(names, (None, *names), strict=False)]
        jobs.append(record("old", "world", due=False, former=True))
        self.graph = {
            **{"folder": str(folder), "books": str(folder / ".snakemake")},
            **{"host": socket.gethostname(), "pid": os.getpid()},
            "began": psutil.Process().create_time(),
            "artefacts": {"table1": ["out/table1"], "table2": ["out/old"], "table3": ["out/no"]},
            "jobs": jobs,
        }
        self.write(START, "results/mini/graph.json", json.dumps(self.graph))

    def write(self, when, path, text=""):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (when, when))

    def note(self, when, book, output, job=None):
        name = urlsafe_b64encode(f"out/{output}".encode()).decode()
        self.write(when, f".snakemake/{book}/{name}", json.dumps({"external_jobid": job}))

    def change(self, **values):
        self.write(START, "results/mini/graph.json", json.dumps(self.graph | values))

    def states(self):
        return {job.record["rule"]: job.state for job in Run(self.results).jobs}

    def status(self, capsys):
        code = status.main(["--results", str(self.results)])
        return code, "".join(capsys.readouterr())


def record(name, before, due=True, former=False):
    return {
        **{"rule": name, "wildcards": {"network": "NIN"} if name == "train" else {}},
        **{"inputs": [f"out/{before}"] if before else [], "outputs": [f"out/{name}"]},
        **{"log": [f"logs/{name}.log"], "benchmark": None, "due": due, "former": former},
    }


def test_what_has_not_begun_is_to_come_whatever_an_earlier_run_left(study):
    study.write(START - 60, "out/train")
    study.write(START - 60, "logs/train.log", "error: of the run before")
    study.note(START - 60, "incomplete", "score")
    study.note(START - 60, "metadata", "world")
    assert set(study.states().values()) == {"to come"}


def test_each_state_by_its_files(study, capsys):
    study.write(START + 5, "out/world")
    study.note(START + 5, "metadata", "world")
    study.write(START + 6, "logs/train.log", "python -m x\nalmost there\n")
    study.note(START + 6, "incomplete", "train")
    study.write(START + 9, "logs/score.log", "python -m x\nerror: img7.JPEG: truncated\n")
    study.write(START - 60, "out/old")
    states = {"world": "done", "train": "running", "score": "failed", "table1": "to come"}
    assert study.states() == states | {"old": "to come"}  # older than its input
    study.write(START + 6, "out/old")
    assert study.states() == states | {"old": "done"}
    code, text = study.status(capsys)
    assert code == 1
    assert re.search(r"table1 +4 +1 +1 +1 +1\n", text)
    assert re.search(r"table2 +2 +2 *\n", text)
    assert "Not asked for yet: table3." in text
    assert re.search(r"train NIN: almost there \(silent for \d+ min\)", text)
    assert "  score\n    " in text
    assert "logs/score.log\n      | python -m x\n      | error: img7.JPEG: truncated" in text
    assert "Of 5 jobs: 2 done, 1 running, 1 failed, 1 to come." in text


def test_a_job_that_ended_without_a_log_failed(study, capsys):
    study.note(START + 5, "metadata", "train")
    said = "Elapsed\nslurmstepd-n1: error: Exceeded job memory limit\nAt least one job did not\n"
    study.write(START + 4, ".snakemake/slurm_logs/rule_train/NIN/7.log", said)
    study.write(START + 5, "logs/train.log")  # Snakemake's, if the job wrote none
    assert study.states()["train"] == "failed"
    text = study.status(capsys)[1]
    assert re.search(r"train NIN: it began no log\n.*/7.log\n +\| .* memory limit\n\n", text)


def test_a_log_without_an_error_was_killed(study, capsys):
    study.write(START + 4, "logs/train.log", "epoch 1 of 5")
    assert "train NIN: no error in its log; it was killed" in study.status(capsys)[1]


def test_in_the_queue_of_slurm(study, capsys):
    study.write(START + 1, "logs/train.log", "error: of the first try")
    study.note(START + 60, "incomplete", "train", "4711")
    assert "train NIN: in SLURM's queue as 4711\n" in study.status(capsys)[1]


def test_a_mark_of_a_dead_snakemake_is_a_failure(study, capsys):
    study.note(START + 6, "incomplete", "train")
    study.write(START + 6, "out/train")  # not to be trusted
    assert study.status(capsys)[0] == 0
    study.change(began=START)  # the process's number is another's now
    code, text = study.status(capsys)
    assert code == 1
    assert "has ended" in text
    assert "train NIN: Snakemake died and left it" in text


def test_from_another_host_the_lock_tells(study):
    study.change(host="login2")
    assert not Run(study.results).alive
    study.write(START, ".snakemake/locks/0.output.lock", "out/world")
    assert Run(study.results).alive


def test_a_run_that_ended_early_is_an_error(study, capsys):
    assert study.status(capsys)[0] == 0
    study.change(pid=2**22 + 1)  # more than Linux gives out
    code, text = study.status(capsys)
    assert code == 1
    assert "jobs it has not done: 4; start it again" in text


def test_long_names_are_read_as_snakemake_writes_them(study):
    output = "out/" + "/".join(["long"] * 80)
    study.change(jobs=[record("train", None) | {"outputs": [output]}])
    books = FilePersistence.__new__(FilePersistence)
    books._max_len = None
    folder = study.folder / ".snakemake" / "incomplete"
    folder.mkdir(parents=True)
    books._io_write(str(folder), {"external_jobid": None}, output)
    assert study.states() == {"train": "running"}


def test_a_thousand_jobs_are_read_within_a_second_or_two(study):
    jobs = [record(f"job{n}", f"job{n - 1}" if n else None) for n in range(1000)]
    study.change(jobs=jobs, artefacts={f"table{n}": ["out/job999"] for n in range(15)})
    for n in range(500):
        study.note(START + 1, "metadata", f"job{n}")
        study.write(START + 1, f"out/job{n}")
    began = time.monotonic()
    run = Run(study.results)
    assert len(run.of("done")) == 500
    assert {len(jobs) for jobs in run.artefacts().values()} == {1000}
    assert time.monotonic() - began < 2


def test_without_a_run_it_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert status.main([]) == 1
    assert capsys.readouterr().err == "error: results: no run of a study below it; set --results\n"


def test_a_part_of_the_targets_keeps_what_is_known_of_the_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    class Job:
        def __init__(self, name, needs):
            self.rule, self.wildcards_dict = SimpleNamespace(name=name), {}
            self.input, self.output = [f"out/{need}" for need in needs], [f"out/{name}"]
            self.log, self.benchmark, self.threads = [], None, 1

    def dag(**jobs):
        made = {name: Job(name, needs) for name, needs in jobs.items()}
        needs = {made[name]: [made[need] for need in jobs[name]] for name in jobs}
        return SimpleNamespace(jobs=needs.keys(), dependencies=needs, needrun=lambda _: True)

    def jobs():
        known = json.loads((tmp_path / "results" / "graph.json").read_text())["jobs"]
        return {job["rule"]: (job["inputs"], job["due"], job["former"]) for job in known}

    graph_file.write_graph("results", dag(a=[], b=["a"], c=["a"]), {}, ".snakemake")
    first = jobs()
    assert first == {"a": ([], 1, 0), "b": (["out/a"], 1, 0), "c": (["out/a"], 1, 0)}
    graph_file.write_graph("results", dag(d=[], b=["d"]), {}, ".snakemake")
    assert jobs() == {
        **{"d": ([], True, False), "b": (["out/d"], True, False)},
        **{"a": ([], False, True), "c": (["out/a"], False, True)},
    }


def test_trainings_time_left_from_the_history_the_trainer_writes(tmp_path, monkeypatch):
    ticks = iter([0.0, 4.0, 8.0])  # ten steps of 16 images in 4 s: 40 a second
    clock = SimpleNamespace(monotonic=lambda: next(ticks))
    monkeypatch.setattr("pipeline_lib.training.history.time", clock)
    with History(tmp_path / "history", 0) as rows:
        for step in (10, 20):
            row = dict.fromkeys(("loss", "accuracy", "rate"), torch.nan)
            rows.write(16, row | {"step": step, "epoch": step / 75})
    written = (tmp_path / "history" / "history.csv").stat().st_mtime
    log = tmp_path / "train.log"
    log.write_text(
        "python -m pipeline_lib train --name 'AlexNet*' --recipe epochs=5 --recipe batch=16 "
        "--history history --out x\nresumed after step 0\n"
    )
    far = progress(log, tmp_path, written - 60, written + 2)
    assert far.words.startswith("step 20 of 375, epoch 0.27 of 5, 40 images/s, ")
    assert far.words.endswith(", 0:02:20 left")  # 355 x 16 / 40 = 142 s, 2 of them over
    assert far.last_sign >= written
    earlier = progress(log, tmp_path, written + 60, written + 60)
    assert earlier.words == "resumed after step 0"


def test_blocks_of_features_are_counted(tmp_path):
    marks = {range(start, min(start + 32, 100)): f"{start:x}" for start in range(0, 100, 32)}
    blocks = Blocks(tmp_path / "NIN.part", "key", marks)
    for images in list(marks)[:3]:
        blocks.write(images, np.zeros((len(images), 4), np.float32))
    log = tmp_path / "features.log"
    log.write_text(
        "python -m pipeline_lib extract --partial NIN.part --out x\nNIN: gap, 68 images to do of 100\n"
    )
    assert progress(log, tmp_path, 0, time.time()).words == "3 of 4 blocks"
