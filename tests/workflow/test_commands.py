"""The commands of all jobs, as a dry run prints them, are ones that their steps understand."""

import importlib
import re
import shlex

import pytest

from pipeline_lib.__main__ import steps

pytestmark = pytest.mark.workflow
CHAPTER_OF = {name: chapter for chapter, modules in steps().items() for name in modules}


@pytest.mark.parametrize(
    ("study", "targets", "expected"),
    [
        ("paper", ("all", "plan", "preflight"), 40),
        ("mini", ("all", "plan", "preflight"), 100),
        ("small", ("all", "check_data", "fetch_cub"), 10),
    ],
)
def test_every_command_is_parsed_by_its_step(workflow_files, tmp_path, study, targets, expected):
    (tmp_path / "SUN397").mkdir()
    own = {} if study == "mini" else {"data_root": str(tmp_path)}  # mini draws its data
    workflow = workflow_files("said", {"study": study, **own})
    done = workflow.run("-n", "-p", *targets)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    commands = re.findall(r"^Shell command: .*?pipeline_lib (\w+) (.*)$", said, re.MULTILINE)
    assert len(commands) >= expected
    for step, flags in commands:
        module = importlib.import_module(f"pipeline_lib.steps.{CHAPTER_OF[step]}.{step}")
        module.make_parser().parse_args(shlex.split(flags))
