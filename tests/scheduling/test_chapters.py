import pytest

from pipeline_lib.scheduling.chapters import Account, PlannedJob


def account(*, seconds=(10.0, 10.0, 20.0), now=100.0):
    names = (("networks", "train A"), ("networks", "train B"), ("localization", "predict A"))
    jobs = {
        number: PlannedJob(chapter, name, each, (f"{name}.out",))
        for number, ((chapter, name), each) in enumerate(zip(names, seconds, strict=True), 1)
    }
    return Account(jobs, now)


def test_a_chapter_ends_with_its_last_job_and_names_what_its_jobs_made():
    run = account()
    run.begin(1, 100.0)
    run.begin(2, 100.0)
    assert run.end(2) == ""
    assert run.outputs("networks") == ["train B.out"]
    assert run.end(1) == "networks"
    assert sorted(run.outputs("networks")) == ["train A.out", "train B.out"]
    line = run.chapter_line("networks", "2 trained", 175.0)
    assert line.split() == ["networks", "2", "trained", "2", "jobs", "1:15"]
    long = run.chapter_line("networks", "found " * 30, 175.0)
    assert len(long) == len(line) == 100
    assert "..." in long


def test_the_time_left_follows_from_the_speed_so_far():
    run = account()
    assert run.seconds_left(100.0) is None
    run.begin(1, 100.0)
    run.end(1)
    # 10 of 40 expected seconds took 20: the other 30 take 60.
    assert run.seconds_left(120.0) == pytest.approx(60.0)
    run.begin(3, 120.0)
    # A running job counts as far as it should be, but never for more than it should take.
    assert run.work_done(125.0) == pytest.approx(15.0)
    assert run.work_done(500.0) == pytest.approx(30.0)
    assert run.seconds_left(140.0) == pytest.approx((40 - 30) * 40 / 30)


def test_no_time_left_is_told_before_enough_is_done():
    run = account(seconds=(1.0, 500.0, 500.0))
    run.begin(1, 100.0)
    run.end(1)
    assert run.seconds_left(110.0) is None
    assert run.progress(110.0) == "1 of 3 jobs"


def test_the_bar_shows_the_share_of_work_and_fits_the_terminal():
    run = account()
    run.begin(3, 100.0)
    run.end(3)
    run.begin(1, 110.0)
    bar = run.bar(110.0, 100)
    assert bar == f"[{'#' * 12}{'.' * 12}] 1 of 3 jobs, 0:10 left | train A"
    assert run.bar(110.0, 30) == f"{bar[:27]}..."


def test_a_failed_job_is_counted_until_it_begins_again():
    run = account()
    run.begin(1, 100.0)
    run.fail(1)
    assert run.progress(100.0) == "0 of 3 jobs, 1 failed"
    assert run.last_line(165.0) == "stopped after 1:05: 1 failed, 0 done, 2 not done; no warnings"
    run.begin(1, 165.0)
    for job in (1, 2, 3):
        run.end(job)
    assert run.last_line(200.0) == "done: 3 jobs in 1:40; no warnings"


def test_warnings_are_counted_and_their_log_is_named():
    run = account()
    run.warn("a.log", 0)
    assert run.last_line(100.0).endswith("; no warnings")
    run.warn("b.log", 1)
    assert run.last_line(100.0).endswith("; 1 warning in b.log")
    run.warn("c.log", 2)
    assert run.last_line(100.0).endswith("; 3 warnings in b.log and 1 more logs")
