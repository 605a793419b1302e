"""The workflow taken into another Snakefile, and run without an activated environment."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow
SNAKEMAKE = Path(sys.executable).parent / "snakemake"
BARE = {"PATH": "/usr/bin:/bin"}  # no virtual environment in it


def snakemake(folder, *arguments):
    done = subprocess.run(
        [SNAKEMAKE, "--cores", "2", *arguments],
        cwd=folder,
        env=BARE,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def foreign(folder, files, config):
    """Write a Snakefile that takes all rules, with a prefix, and adds one of its own."""
    (folder / "Snakefile").write_text(
        f"""
module cam:
    snakefile: {str(files.folder / "workflow/Snakefile")!r}
    config: {config!r}

use rule * from cam as cam_*

rule mine:
    input: rules.cam_figure4.input
    output: "mine.txt"
    shell: "ls {{input}} > {{output}}"
"""
    )


@pytest.mark.slow
def test_a_foreign_snakefile_builds_on_a_target_without_activation(
    workflow_files, tiny_config, tmp_path
):
    config = tiny_config | {"networks": {**tiny_config["networks"], "AlexNetplus-GAP": False}}
    foreign(tmp_path, workflow_files("module", {}), {"study": "mini", **config})
    status, output = snakemake(tmp_path, "mine")
    assert status == 0, output
    assert (tmp_path / "mine.txt").read_text() == "results/mini/figures/figure4.png\n"
    status, output = snakemake(tmp_path, "-n", "cam_table1")
    assert status == 0, output
    assert "cam_evaluate" in output


def test_a_module_without_a_study_is_the_mini_study(workflow_files, tmp_path):
    foreign(tmp_path, workflow_files("bare", {}), {})
    status, output = snakemake(tmp_path, "-n", "cam_table1")
    assert status == 0, output
    assert "results/mini/tables/table1.csv" in output


def test_a_bad_key_of_a_module_is_one_line(workflow_files, tmp_path):
    foreign(tmp_path, workflow_files("bad", {}), {"treshold": 1})
    status, output = snakemake(tmp_path, "-n", "cam_table1")
    assert status != 0
    assert [line for line in output.splitlines() if line.startswith("error: ")] == [
        "error: config.treshold: unknown key"
    ]


def test_the_layout_that_snakedeploy_makes(workflow_files, tmp_path):
    files = workflow_files("deployed", {})
    (tmp_path / "workflow").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text("study: tiny\n")
    (tmp_path / "workflow" / "Snakefile").write_text(
        f"""
configfile: "config/config.yaml"

module cam:
    snakefile: {str(files.folder / "workflow/Snakefile")!r}
    config: config

use rule * from cam
"""
    )
    status, output = snakemake(tmp_path, "results/tiny/data/scenes/images.csv")
    assert status == 0, output
    assert (tmp_path / "results/tiny/data/scenes/images.csv").exists()
    status, output = snakemake(tmp_path, "-n", "table1", "table4", "figure9")
    assert status == 0, output


def test_snakemake_runs_from_the_environments_folder_without_activation(workflow_files):
    files = workflow_files("inactive", {})
    status, output = snakemake(files.folder, "results/mini/data/photographs/images.csv")
    assert status == 0, output
    log = (files.folder / "results/mini/logs/index/photographs.log").read_text()
    assert log.startswith("python -m pipeline_lib index ")


def test_jobs_run_in_the_container_that_the_configuration_names(workflow_files, tmp_path):
    """A stand-in for apptainer notes its calls, and runs what it is given without an image."""
    files = workflow_files("contained", {})
    stand_in, calls = tmp_path / "apptainer", tmp_path / "calls"
    stand_in.write_text(
        f"""#!/usr/bin/env bash
if [ "$1" = --version ]; then echo "apptainer version 1.3.0"; exit; fi
echo "$@" >> {calls}
while [ "$1" != "{tmp_path}/own.sif" ]; do shift; done
shift
exec "$@"
"""
    )
    stand_in.chmod(0o755)
    (tmp_path / "own.sif").touch()
    done = subprocess.run(
        [
            *(SNAKEMAKE, "results/mini/data/photographs/images.csv", "--cores", "1"),
            *("--software-deployment-method", "apptainer"),
            *("--config", f"container={tmp_path}/own.sif"),
        ],
        cwd=files.folder,
        env={"PATH": f"{tmp_path}:{SNAKEMAKE.parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "python -m pipeline_lib index" in calls.read_text()
