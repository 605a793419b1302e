"""What graph.json keeps of a run, and of the runs before it."""

import json
from types import SimpleNamespace

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.scheduling.graph_file import read_graph, write_graph
from pipeline_lib.study.configuration.root import Configuration
from tests.scheduling.run_files import CONFIGURATION


class Job:
    def __init__(self, name, needs):
        self.rule, self.wildcards_dict = SimpleNamespace(name=name), {}
        self.input, self.output = [f"out/{need}" for need in needs], [f"out/{name}"]
        self.log, self.benchmark, self.threads = [], None, 1


def write(**jobs):
    """Write the graph of a run in which each job needs some others."""
    by_name = {name: Job(name, needs) for name, needs in jobs.items()}
    needs = {by_name[name]: [by_name[need] for need in jobs[name]] for name in jobs}
    dag = SimpleNamespace(jobs=needs.keys(), dependencies=needs, needrun=lambda _: True)
    write_graph("results", dag, Configuration.model_validate(CONFIGURATION), ".snakemake")


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "results" / "graph.json"


def test_a_part_of_the_targets_keeps_what_is_known_of_the_others(file):
    def jobs():
        return {
            job["rule"]: (job["inputs"], job["due"], job["earlier"])
            for job in read_graph(file)["jobs"]
        }

    write(a=[], b=["a"], c=["a"])
    first = jobs()
    assert first == {"a": ([], 1, 0), "b": (["out/a"], 1, 0), "c": (["out/a"], 1, 0)}
    write(d=[], b=["d"])
    assert jobs() == {
        **{"d": ([], True, False), "b": (["out/d"], True, False)},
        **{"a": ([], False, True), "c": (["out/a"], False, True)},
    }


def test_the_configuration_is_kept_as_it_was_given(file):
    write(a=[])
    assert read_graph(file)["configuration"] == CONFIGURATION


def test_a_file_of_an_earlier_version_is_one_line_and_its_jobs_are_forgotten(file):
    file.parent.mkdir()
    old = {"artefacts": {}, "jobs": [{"rule": "z", "outputs": ["out/z"], "inputs": []}]}
    file.write_text(json.dumps(old))
    with pytest.raises(InputError, match="written by an earlier version; start snakemake to renew"):
        read_graph(file)
    write(a=[])
    assert [job["rule"] for job in read_graph(file)["jobs"]] == ["a"]


def test_a_run_without_outputs_leaves_the_file(file):
    write()
    assert not file.exists()
    with pytest.raises(InputError, match="not found; snakemake writes it"):
        read_graph(file)
