"""Every path in every command line is quoted: folders of results and data may have blanks."""

import json
import os
import shlex
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.workflow

RESULTS, DATA = "my results; $HOME", "mes données (2)"
EVERYTHING = {
    "world": {"study": "mini"},
    "official": {"study": "paper", "data_root": DATA, "discovery": {"sets": "all"}},
}


def is_json(word):
    """Whether a word is a JSON object, such as the configuration for the page: paths are inside it."""
    return word.startswith("{") and isinstance(json.loads(word), dict)


@pytest.mark.parametrize("config", EVERYTHING.values(), ids=EVERYTHING)
def test_every_path_of_every_job_is_one_word(repository, tmp_path, config):
    shutil.copy(repository / "config.yaml", tmp_path)
    if config["study"] == "paper":  # the questions of the server, for VQA's submissions
        for name in ("coco/test2015", "vqa", "ilsvrc/test"):
            (tmp_path / DATA / name).mkdir(parents=True)
        for task in ("OpenEnded", "MultipleChoice"):
            (tmp_path / DATA / f"vqa/{task}_mscoco_test2015_questions.json").touch()
    script = repository / "tests/workflow/planned_jobs.py"
    done = subprocess.run(
        [
            sys.executable,
            script,
            repository / "Snakefile",
            json.dumps(config | {"results": RESULTS}),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(repository)},
    )
    assert done.returncode == 0, done.stderr
    jobs = [job for job in json.loads(done.stdout) if job["command"]]
    assert len(jobs) > 150
    for job in jobs:
        words = [word for word in shlex.split(job["command"]) if not is_json(word)]
        for piece in ("results; ", "données "):
            for word in words:
                assert piece not in word or word.split("=")[-1].startswith((RESULTS, DATA)), word
        for end in (RESULTS.split()[-1], DATA.split()[-1]):
            assert not [word for word in words if word.startswith(end)], job["command"]
