import argparse
import errno
import io
import shlex

import pytest

from pipeline_lib.common.command import command, log, option, progress, step_parser
from pipeline_lib.common.errors import InputError


def step(run):
    def make_parser():
        parser = step_parser("A step.", "trial")
        parser.add_argument("--name", default="")
        return parser

    return command(make_parser)(run)


def raising(error):
    def run(arguments):
        raise error

    return step(run)


def test_success_is_status_zero_and_the_flags_arrive():
    names = []
    assert step(lambda arguments: names.append(arguments.name))(["--name", "x y"]) == 0
    assert names == ["x y"]


def test_bad_input_is_status_one_and_one_line_on_stderr(capsys):
    assert raising(InputError("a.csv: not found"))([]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "error: a.csv: not found\n"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_no_more_is_one_line_naming_the_file(capsys, code):
    assert raising(OSError(code, "what the system says", "results/a.h5"))([]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "results/a.h5" in lines[0]


def test_a_full_disk_without_a_file_name_is_one_line_too(capsys):
    assert raising(OSError(errno.ENOSPC, "No space left on device"))([]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "no space left" in lines[0]


def test_a_defect_of_ours_keeps_its_traceback(capsys):
    assert raising(ZeroDivisionError("deep inside"))([]) == 1
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert "ZeroDivisionError: deep inside" in error


def test_an_unknown_flag_is_a_usage_error():
    with pytest.raises(SystemExit) as caught:
        step(lambda arguments: None)(["--nmae", "x"])
    assert caught.value.code == 2


def test_the_log_begins_with_the_command_line_and_holds_what_stderr_got(tmp_path, capsys):
    path = tmp_path / "logs" / "trial.log"
    argv = ["--name", "two words & more", "--log", str(path)]
    assert step(lambda arguments: log.info("%d images", 3))(argv) == 0
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    assert first.startswith("python -m pipeline_lib trial ")
    assert shlex.split(first)[4:] == argv
    assert rest == ["3 images"]
    assert capsys.readouterr().err == "3 images\n"


def test_the_log_holds_the_error(tmp_path, capsys):
    path = tmp_path / "trial.log"
    assert raising(InputError("a.csv: not found"))(["--log", str(path)]) == 1
    assert path.read_text().splitlines()[1:] == ["error: a.csv: not found"]
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_second_run_logs_each_line_once(tmp_path, capsys):
    main = step(lambda arguments: log.info("here"))
    main(["--log", str(tmp_path / "first.log")])
    capsys.readouterr()
    main([])
    assert capsys.readouterr().err == "here\n"
    assert (tmp_path / "first.log").read_text().count("here") == 1


def test_progress_is_silent_where_stderr_is_no_terminal(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    assert list(progress(range(4), "counting")) == [0, 1, 2, 3]
    assert stream.getvalue() == ""


def test_progress_shows_in_a_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    assert list(progress(range(4), "counting")) == [0, 1, 2, 3]
    assert "counting" in stream.getvalue()


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("width=0.25", ("width", 0.25)),
        ("half_input=true", ("half_input", True)),
        ("a=b=c", ("a", "b=c")),
        ("empty=", ("empty", None)),
    ],
)
def test_an_option_is_a_key_and_a_yaml_value(text, pair):
    assert option(text) == pair


@pytest.mark.parametrize("text", ["width", "=1", ""])
def test_an_option_without_key_or_value_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        option(text)
