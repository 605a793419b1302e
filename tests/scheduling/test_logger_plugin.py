"""The account as it is written, from planted events: on a terminal, elsewhere, and when a job fails."""

import io
import logging
import os
from types import SimpleNamespace

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from pipeline_lib.common.command import LOG_ONLY
from pipeline_lib.scheduling.chapters import PlannedJob
from snakemake_logger_plugin_chapters import LogHandler

JOBS = {
    1: PlannedJob("data", "index val", 1.0, ("images.csv",)),
    2: PlannedJob("networks", "train A", 9.0, ("A.json",)),
    3: PlannedJob("networks", "train B", 9.0, ("B.json",)),
}


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def started(monkeypatch):
    """Return a function that starts an account on a stream; nothing is drawn but on ``tick``."""
    monkeypatch.setattr("threading.Thread.start", lambda thread: None)
    monkeypatch.setenv(LOG_ONLY, "")

    def start(stream, dryrun=False, find=lambda chapter, outputs: f"found {len(outputs)}"):
        settings = SimpleNamespace(stdout=False, dryrun=dryrun)
        handler = LogHandler(settings, None)
        handler.stream = stream
        handler.follow("mini", JOBS, find)
        return handler

    return start


def send(handler, level=logging.INFO, text="", **extra):
    record = logging.LogRecord("snakemake", level, "", 0, text, (), None)
    record.__dict__.update(extra)
    handler.handle(record)


def begin(handler, job, log=()):
    send(handler, event=LogEvent.JOB_INFO, jobid=job, log=list(log))


def end(handler, job):
    send(handler, event=LogEvent.JOB_FINISHED, job_id=job)


def test_elsewhere_than_on_a_terminal_there_is_a_line_a_chapter(started, tmp_path):
    log = tmp_path / "index.log"
    log.write_text(
        "python -m pipeline_lib index\nwarning: two images are small\nILSVRC: 5 images\n"
    )
    handler = started(io.StringIO())
    assert os.environ[LOG_ONLY] == "1"
    send(handler, text="Select jobs to execute...")
    begin(handler, 1, [log])
    begin(handler, 2)
    end(handler, 1)
    end(handler, 2)
    begin(handler, 3)
    end(handler, 3)
    handler.close()
    text = handler.stream.getvalue()
    assert "\r" not in text and "\033" not in text
    first, data, networks, last = text.splitlines()
    assert first == "mini: 3 jobs"
    assert data.split() == ["data", "found", "1", "1", "job", "0:00"]
    assert networks.split() == ["networks", "found", "2", "2", "jobs", "0:00"]
    assert last == f"done: 3 jobs in 0:00; 1 warning in {log}"


def test_a_terminal_has_a_bar_that_lines_replace(started):
    handler = started(Terminal())
    begin(handler, 2)
    handler.tick()
    handler.tick()
    end(handler, 2)
    begin(handler, 1)
    end(handler, 1)
    handler.close()
    text = handler.stream.getvalue()
    bars = [part for part in text.split("\r\033[K") if part.startswith("[")]
    assert len(bars) == 2
    assert "0 of 3 jobs" in bars[0] and bars[0].endswith("| train A")
    assert not any("\n" in bar for bar in bars)  # the line of the chapter takes the bar's place
    assert text.endswith("stopped after 0:00: 0 failed, 2 done, 1 not done; no warnings\n")


def test_where_jobs_print_their_results_there_is_no_bar(started):
    handler = started(Terminal())
    handler.close()
    handler = LogHandler(SimpleNamespace(stdout=False, dryrun=False), None)
    handler.stream = Terminal()
    handler.follow("mini", {1: PlannedJob("cluster", "plan", 1.0, prints=True)}, lambda *_: "")
    handler.tick()
    assert "\r" not in handler.stream.getvalue()


def test_a_long_silence_is_broken_by_a_line(started, monkeypatch):
    handler = started(io.StringIO())
    handler.tick()
    handler._said -= 601
    handler.tick()
    handler.tick()
    assert handler.stream.getvalue().splitlines() == ["mini: 3 jobs", "0 of 3 jobs"]


def test_a_failure_is_its_message_its_log_and_the_last_lines(started, tmp_path):
    log = tmp_path / "train.log"
    steps = [f"epoch {number}" for number in range(1, 9)]
    log.write_text(
        "\n".join(["python -m pipeline_lib train", *steps, "error: the loss is not finite"])
    )
    handler = started(io.StringIO())
    begin(handler, 2, [log])
    send(handler, logging.ERROR, "CalledProcessError in file train.smk:\nCommand 'python ...'")
    send(
        handler, logging.ERROR, "Error in rule train", event=LogEvent.JOB_ERROR, jobid=2, log=[log]
    )
    send(
        handler,
        logging.ERROR,
        "Exiting because a job execution failed. Look above for error messages",
    )
    send(handler, logging.WARNING, "`snakemake so_far` makes the tables of what is there")
    message = "WorkflowError:\nAt least one job did not complete successfully."
    send(handler, logging.ERROR, message, event=LogEvent.ERROR, exception="WorkflowError")
    handler.close()
    assert handler.stream.getvalue().splitlines() == [
        "mini: 3 jobs",
        "failed: train A: the loss is not finite",
        f"  its log: {log}",
        *(f"    | epoch {number}" for number in range(4, 9)),
        "`snakemake so_far` makes the tables of what is there",
        "stopped after 0:00: 1 failed, 0 done, 2 not done; no warnings",
    ]


def test_a_job_that_left_no_log_and_one_that_was_killed_are_told_apart(started, tmp_path):
    log = tmp_path / "killed.log"
    log.write_text("python -m pipeline_lib train\nepoch 1\n")
    handler = started(io.StringIO())
    for job, logs in ((1, [tmp_path / "none.log"]), (2, [log])):
        send(handler, logging.ERROR, "Error", event=LogEvent.JOB_ERROR, jobid=job, log=logs)
    text = handler.stream.getvalue()
    assert "failed: index val: it wrote no log\n" in text
    assert "failed: train A: no error in its log; it was killed\n" in text


def test_errors_of_snakemake_itself_and_nothing_to_do_are_shown(started):
    handler = started(io.StringIO())
    send(handler, logging.ERROR, "MissingInputException: gone.csv", event=LogEvent.ERROR)
    send(handler, text="Nothing to be done (all requested files are present and up to date).")
    assert handler.stream.getvalue().splitlines()[1:] == [
        "MissingInputException: gone.csv",
        "Nothing to be done (all requested files are present and up to date).",
    ]


def test_a_spoiled_file_does_not_end_the_account(started):
    def find(_chapter, _outputs):
        raise ValueError("no such column")

    handler = started(io.StringIO(), find=find)
    begin(handler, 1)
    end(handler, 1)
    assert "data         (not told: no such column)" in handler.stream.getvalue()


def test_a_dry_run_is_shown_as_snakemake_shows_it(started):
    handler = started(io.StringIO(), dryrun=True)
    send(handler, text="Building DAG of jobs...")
    assert handler.stream.getvalue() == "Building DAG of jobs...\n"
    assert handler.has_filter is False
