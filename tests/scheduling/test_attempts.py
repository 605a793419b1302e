"""What Snakemake starts again, through Snakemake itself, and how requests grow."""

import os
import subprocess
import sys
from collections import Counter

import pytest
from snakemake.resources import Resource, Resources

from pipeline_lib.scheduling.attempts import MEMORY, TIME, Exhaustion, exhausted
from pipeline_lib.scheduling.slurm import PartitionLimits

WORKFLOW = """
from pathlib import Path
from pipeline_lib.scheduling.attempts import start_again_only_what_may_succeed

onstart:
    Path("started").touch()
    start_again_only_what_may_succeed(Path("started"))

rule all:
    input: expand("{name}.out", name=["missing", "flag", "bug", "broken", "killed", "stale"])

rule missing:
    output: "missing.out"
    log: "missing.log"
    shell: "echo >> missing.tries; {STEP} submit --boxes no.csv --classes no.csv --guesses plain "
        "--out {output} --log {log}"

rule flag:
    output: "flag.out"
    log: "flag.log"
    shell: "echo >> flag.tries; {STEP} submit --boxs no.csv --log {log}"

rule raising:
    output: "{name}.out"
    log: "{name}.log"
    wildcard_constraints: name="bug|broken"
    shell: "echo >> {wildcards.name}.tries; {sys.executable} step.py {wildcards.name} --log {log}"

rule dying:
    output: "{name}.out"
    log: "{name}.log"
    wildcard_constraints: name="killed|stale"
    # The log of an earlier run says that no attempt can help; this one never gets to its own.
    shell: "echo >> {wildcards.name}.tries; kill -9 $$"
"""
STEP = """
import sys
from pipeline_lib.common.command import command, step_parser

def make_parser():
    parser = step_parser("A step.", "trial")
    parser.add_argument("which")
    return parser

@command(make_parser)
def main(arguments):
    raise KeyError("label") if arguments.which == "bug" else RuntimeError("CUDA error: ECC")

sys.exit(main())
"""


@pytest.mark.workflow
def test_only_what_another_attempt_may_mend_is_attempted_again(tmp_path, repository):
    text = WORKFLOW.replace("{STEP}", "{sys.executable} -m pipeline_lib")
    (tmp_path / "Snakefile").write_text("import sys\n" + text)
    (tmp_path / "step.py").write_text(STEP)
    (tmp_path / "stale.log").write_text("error: of an earlier run\n")
    os.utime(tmp_path / "stale.log", (1, 1))
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", "--retries", "2", "--keep-going"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    tries = {file.stem: len(file.read_text()) for file in tmp_path.glob("*.tries")}
    once, again = (
        dict.fromkeys(("missing", "flag", "bug"), 1),
        dict.fromkeys(("killed", "stale"), 3),
    )
    assert tries == once | again | {"broken": 3}, done.stderr
    assert "error: unrecognized arguments" in (tmp_path / "flag.log").read_text() or (
        "error: the following arguments are required" in (tmp_path / "flag.log").read_text()
    )


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("error: *** JOB 7 ON n1 CANCELLED AT 2026-11-26T20:00:00 DUE TO TIME LIMIT ***", TIME),
        ("SLURM status is: 'TIMEOUT'", TIME),
        ("JOB 7 CANCELLED AT 2026 DUE TO TIME LIMIT ***\nbash: line 1: 12 Killed  python", TIME),
        ("SLURM status is: 'OUT_OF_MEMORY'", MEMORY),
        ("slurmstepd: error: Detected 1 oom-kill event(s) in StepId=7.batch.", MEMORY),
        ("slurmstepd: error: Detected 1 oom_kill event in StepId=7.0.", MEMORY),
        ("Some of the step tasks have been OOM Killed.", MEMORY),
        ("slurmstepd: error: StepId=7.0 exceeded memory limit (300 > 200), being killed", MEMORY),
        ("/usr/bin/bash: line 1: 4711 Killed                  python -m pipeline_lib", MEMORY),
        ("error: *** JOB 7 ON n1 CANCELLED AT 2026 ***\nbash: line 1: 12 Killed  python", None),
        ("SLURM status is: 'FAILED'", None),
    ],
)
def test_what_a_job_ran_out_of_is_in_slurms_words(text, cause):
    assert exhausted(text) == cause


class Rule:
    """A rule and its requests, as Snakemake parses those of a profile."""

    def __init__(self, name, **requests):
        parsed = {key: Resource.from_cli_expression(key, text) for key, text in requests.items()}
        self.name, self.resources = name, Resources(parsed)


class Job:
    """A job of a rule."""

    def __init__(self, rule, **wildcards):
        self.rule, self.wildcards_dict = rule, wildcards

    def requests(self, attempt):
        """Return its requests as Snakemake evaluates them."""
        given = {"input": [], "attempt": attempt, "threads": 1, "rulename": self.rule.name}
        return {
            name: resource.evaluate(self.wildcards_dict, **given, async_run=None).value
            for name, resource in self.rule.resources.items()
        }


def test_requests_grow_by_what_a_job_ran_out_of_and_by_nothing_else():
    rule = Rule("predict", mem_mb="32000 * attempt", runtime="240 * attempt", threads="8")
    first, other = Job(rule, network="NIN"), Job(rule, network="AlexNet")
    exhaustion = Exhaustion({})
    exhaustion.size_requests([rule])
    assert first.requests(1) == {"mem_mb": 32000, "runtime": 240, "threads": 8}
    exhaustion.note([first], TIME)
    assert first.requests(2) == {"mem_mb": 32000, "runtime": 480, "threads": 8}
    exhaustion.note([first], MEMORY)
    assert first.requests(3) == {"mem_mb": 64000, "runtime": 480, "threads": 8}
    assert first.requests(4) == first.requests(3)  # the fourth was killed otherwise
    assert other.requests(2) == {"mem_mb": 32000, "runtime": 240, "threads": 8}


def test_a_fixed_request_stays(monkeypatch):
    rule = Rule("train", mem_mb="48000", runtime="1440")
    exhaustion = Exhaustion({})
    exhaustion.size_requests([rule])
    exhaustion.note([Job(rule)], TIME)
    assert Job(rule).requests(2) == {"mem_mb": 48000, "runtime": 1440}


def test_no_request_grows_beyond_a_node_of_its_partition():
    limits = {"cpu": PartitionLimits(64000, 600), "gpu": PartitionLimits(500000, float("inf"))}
    requests = {"mem_mb": "24000 * attempt", "runtime": "480 * attempt"}
    default = Rule("localize", **requests)
    on_gpu = Rule("fit", slurm_partition="gpu", **requests)
    too_large = Rule("pack", mem_mb="70000 * attempt", runtime="60")
    exhaustion = Exhaustion(limits, "cpu")
    exhaustion.size_requests([default, on_gpu, too_large])
    for job in (Job(default), Job(on_gpu), Job(too_large)):
        for cause in Counter({MEMORY: 3, TIME: 3}).elements():
            exhaustion.note([job], cause)
    assert Job(default).requests(4) == {"mem_mb": 64000, "runtime": 600}
    grown = Job(on_gpu).requests(4)
    assert (grown["mem_mb"], grown["runtime"]) == (96000, 1920)
    assert Job(too_large).requests(4)["mem_mb"] == 70000  # sbatch says what is wrong with it
