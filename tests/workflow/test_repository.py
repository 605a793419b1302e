"""Things of the repository that must stay in step with each other."""

import importlib
import importlib.util
import re
import tomllib

import pytest
import yaml

from pipeline_lib.__main__ import steps

DOCS = ("docs/cluster.md", "docs/configuration.md", "docs/glossary.md")


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


def test_documents_made_from_the_code_are_in_step_with_it(repository):
    """`make docs` renews them."""
    spec = importlib.util.spec_from_file_location("write", repository / "docs" / "write.py")
    docs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(docs)
    assert (repository / "workflow/schemas/config.yaml").read_text() == docs.schema()
    assert (repository / "docs/configuration.md").read_text().startswith(docs.reference())
    readme = (repository / "README.md").read_text()
    assert readme == docs.renewed(readme)
    assert "`figure9`, `scenes`" in readme


@pytest.mark.parametrize(
    "document", ["README.md", "CONTRIBUTING.md", "results/README.md", "config/README.md", *DOCS]
)
def test_paths_that_the_documents_name_exist(repository, document):
    text = (repository / document).read_text()
    for path in re.findall(r"`((?:pipeline_lib|workflow|tests|envs|docs|slurm)/[\w/.-]*)`", text):
        assert (repository / path).exists(), f"{document}: {path}"


def test_every_step_the_rules_call_is_a_module_with_those_flags(repository):
    rules = "\n".join(path.read_text() for path in (repository / "workflow/rules").glob("*.smk"))
    commands = re.findall(
        r'"(?:python -m|\{params.launcher\}) pipeline_lib (\w+) (.*?)--log \{log:q\}"',
        rules,
        re.DOTALL,
    )
    assert len(commands) >= 25
    chapter_of = {name: chapter for chapter, modules in steps().items() for name in modules}
    for step, flags in commands:
        module = importlib.import_module(f"pipeline_lib.steps.{chapter_of[step]}.{step}")
        known = {flag for action in module.make_parser()._actions for flag in action.option_strings}
        assert set(re.findall(r"(--[a-z-]+)", flags)) <= known, step


def test_the_workflows_files_are_short_and_share_no_global_lists(repository):
    files = [repository / "workflow/Snakefile", *(repository / "workflow/rules").glob("*.smk")]
    assert len(files) == 17
    names = (
        "RESULTS DISCOVERED ROOTS FOUND SLUGS VIEWS SHOWS SCORED MEASURED TRAINED ADOPTED TITLES"
    )
    old = rf"\b({'|'.join(names.split())})\b"
    for path in files:
        text = path.read_text()
        assert len(text.splitlines()) < 150, path
        assert not re.search(old, text), path
        assert not re.search(r"^\w+ \+= ", text, re.MULTILINE), path
        has_functions, has_rules = (
            re.search(rf"^ *{word}\b.*:$", text, re.MULTILINE) for word in ("def", "rule")
        )
        assert not (has_functions and has_rules), path
    assert len((repository / "Snakefile").read_text().splitlines()) < 10
