"""Things of the repository that must stay in step with each other."""

import importlib
import importlib.util
import re
import tomllib

import pytest
import yaml

from pipeline_lib.study.configuration.training import TrainingConfig


def pinned(lines):
    return {line.split(";")[0].strip() for line in lines}


def test_conda_users_get_the_versions_of_the_constraints(repository):
    constraints = (repository / "constraints.txt").read_text().splitlines()
    environment = yaml.safe_load((repository / "envs" / "pipeline.yaml").read_text())
    assert environment["dependencies"][2]["pip"] == constraints
    assert all(re.match(r"[A-Za-z0-9._-]+==[^ ]+( ;.*)?$", line) for line in constraints)


def test_every_dependency_is_pinned_and_satisfied(repository):
    from packaging.requirements import Requirement

    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    pins = [Requirement(line) for line in (repository / "constraints.txt").read_text().splitlines()]
    versions = {}
    for pin in pins:
        versions.setdefault(pin.name, []).append(next(iter(pin.specifier)).version)
    for line in wanted:
        requirement = Requirement(line)
        assert versions[requirement.name], requirement.name
        assert all(map(requirement.specifier.contains, versions[requirement.name])), requirement


def test_the_schema_knows_exactly_the_recipes_fields(repository):
    schema = yaml.safe_load((repository / "workflow/schemas/config.yaml").read_text())
    recipe = schema["properties"]["training"]["properties"]["recipe"]["properties"]
    assert set(recipe) == set(TrainingConfig.model_fields)


@pytest.mark.parametrize(
    "document", ["README.md", "CONTRIBUTING.md", "results/README.md", "docs/cluster.md"]
)
def test_paths_that_the_documents_name_exist(repository, document):
    text = (repository / document).read_text()
    for path in re.findall(r"`((?:pipeline_lib|workflow|tests|envs|docs|slurm)/[\w/.-]*)`", text):
        assert (repository / path).exists(), f"{document}: {path}"


def test_every_step_the_rules_call_is_a_module_with_those_flags(repository):
    rules = "\n".join(path.read_text() for path in (repository / "workflow/rules").glob("*.smk"))
    commands = re.findall(
        r'"(?:python -m|\{params.launcher\}) pipeline_lib\.(\w+) (.*?)--log \{log\}"',
        rules,
        re.DOTALL,
    )
    assert len(commands) >= 15
    for step, flags in commands:
        assert importlib.util.find_spec(f"pipeline_lib.{step}"), step
        module = importlib.import_module(f"pipeline_lib.{step}")
        known = {flag for action in module.make_parser()._actions for flag in action.option_strings}
        assert set(re.findall(r"(--[a-z-]+)", flags)) <= known, step
