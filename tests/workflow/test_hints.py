"""Every command that a message advises works as it is printed."""

import re
import shlex

import pytest

pytestmark = pytest.mark.workflow


def commands(text):
    """The snakemake commands in a text: to the end of the line, or of a table's cell."""
    found = re.findall(r"\bsnakemake [a-z][^`|;\n]*--config[^`|;\n]*", text)
    return list(dict.fromkeys(each.strip() for each in found))


def test_what_preflight_check_data_and_a_refused_run_advise(workflow_files, tmp_path):
    root = tmp_path / "my data"
    (root / "ilsvrc" / "val").mkdir(parents=True)
    workflow = workflow_files("hints", {"study": "paper", "data_root": str(root), "gpu": False})
    printed = {name: workflow.run(name) for name in ("preflight", "check_data", "all")}
    assert [done.returncode for done in printed.values()] == [0, 0, 1]
    text = {name: done.stdout + done.stderr for name, done in printed.items()}
    for name, said in text.items():
        assert any("fetch_cub " in command for command in commands(said)), name
    assert any(" plan " in command for command in commands(text["preflight"]))
    # Elsewhere, so that only what is printed counts; one by one would take a minute.
    elsewhere = workflow_files("elsewhere", {"study": "mini"})
    every = [shlex.split(command) for said in text.values() for command in commands(said)]
    targets = {words[1] for words in every}
    assert len(targets) > 10
    configs = {tuple(words[words.index("--config") :]) for words in every}
    for config in configs:
        of_config = [words[1] for words in every if tuple(words[-len(config) :]) == config]
        done = elsewhere.call(*dict.fromkeys(of_config), "--cores", "1", "-n", *config)
        assert done.returncode == 0, done.stderr


def test_a_failed_run_says_how_to_see_what_there_is(workflow_files):
    workflow = workflow_files("failed", {"study": "tiny", "training": {"recipe": {"rate": 1e9}}})
    done = workflow.run("table1")
    assert done.returncode != 0
    (command,) = commands(done.stderr)
    assert workflow.call(*shlex.split(command)[1:]).returncode == 0


def test_a_folder_of_data_that_is_not_there_is_one_line(workflow_files, tmp_path):
    gone = tmp_path / "gone"
    workflow = workflow_files("gone", {"study": "paper", "data_root": str(gone), "gpu": False})
    done = workflow.run("table2")
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 2
    assert f"config.data_root: {gone}: no such folder" in lines[1]
    done = workflow.run("preflight")
    assert done.returncode == 0, done.stderr
    assert f"{gone}: no such folder" in done.stdout
