"""Imports between packages point one way, and every step is called and documented alike."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from pipeline_lib.__main__ import CHAPTERS, steps

LIBRARY = Path(__file__).parents[1] / "pipeline_lib"

# The packages that each package builds on, directly; it may also import what these build on.
BUILDS_ON = {
    "steps": ("reporting",),
    "reporting": ("discovery", "units", "scheduling"),
    "discovery": ("svm",),
    "units": ("svm",),
    "svm": ("evaluation",),
    "evaluation": ("localization", "features"),
    "localization": ("training",),
    "features": ("training",),
    "training": ("networks",),
    "networks": ("data",),
    "scheduling": ("study",),
    "study": ("data",),
    "data": ("common",),
    "common": (),
}
CONFIGURATION = "pipeline_lib.study.configuration"
STEPS = [path for modules in steps().values() for path in modules.values()]


def below(package):
    """The packages that a package may import, itself included."""
    return {package}.union(*(below(lower) for lower in BUILDS_ON[package]))


def modules_in(folder):
    return sorted(folder.rglob("*.py"))


def imports_of(path):
    """The library's modules that a module imports, at its top or later."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module]
            if node.module == "pipeline_lib":  # from pipeline_lib import data
                names = [f"pipeline_lib.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] == "pipeline_lib")


def is_configuration(module):
    return module == CONFIGURATION or module.startswith(f"{CONFIGURATION}.")


def is_allowed(package, module):
    if is_configuration(module):
        return package not in ("data", "common")
    return module.split(".")[1] in below(package)


def test_every_package_has_its_place():
    packages = {path.name for path in LIBRARY.iterdir() if (path / "__init__.py").exists()}
    assert packages == set(BUILDS_ON)
    assert len([path for path in LIBRARY.iterdir() if path.name != "__pycache__"]) <= 16


@pytest.mark.parametrize("package", BUILDS_ON)
def test_imports_point_one_way(package):
    wrong = [
        f"{path.relative_to(LIBRARY)} imports {module}"
        for path in modules_in(LIBRARY / package)
        for module in imports_of(path)
        if not is_allowed(package, module)
    ]
    assert wrong == []


def test_the_configuration_imports_only_common():
    wrong = [
        f"{path.relative_to(LIBRARY)} imports {module}"
        for path in modules_in(LIBRARY / "study" / "configuration")
        for module in imports_of(path)
        if not is_configuration(module) and module.split(".")[1] != "common"
    ]
    assert wrong == []


def test_every_folder_of_steps_is_a_chapter_and_no_two_steps_have_the_same_name():
    folders = {path.parent.name for path in (LIBRARY / "steps").glob("*/*.py")}
    assert folders == set(CHAPTERS)
    assert {name: n for name, n in Counter(path.stem for path in STEPS).items() if n > 1} == {}


@pytest.mark.parametrize("path", STEPS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_step_has_a_parser_a_main_and_a_short_description(path):
    module = ast.parse(path.read_text(encoding="utf-8"))
    functions = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    assert {"make_parser", "main"} <= functions
    first_line = (ast.get_docstring(module) or "").partition("\n")[0]
    assert 0 < len(first_line) <= 100
    assert first_line.endswith(".")


@pytest.mark.parametrize("path", modules_in(LIBRARY), ids=lambda path: path.stem)
def test_no_module_imports_torchvision_or_timm_at_its_top(path):
    """They take seconds more than PyTorch, and load Triton (``__main__`` says what that does)."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        assert not {name.partition(".")[0] for name in names} & {"torchvision", "timm", "open_clip"}
