"""Adding a figure or a network is one module and one entry: targets, plan and page follow."""

import os
import shutil
import subprocess
import sys

import pytest

from pipeline_lib.reporting.catalogue import targets

pytestmark = pytest.mark.workflow
FIGURE = '''"""Figure 99: nothing but a title."""

from pathlib import Path

from matplotlib import pyplot as plt

from pipeline_lib.reporting.figures.pictures import save
from pipeline_lib.reporting.inputs import Inputs


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the number of images."""
    _, images, _ = inputs.predicted_set()
    figure = plt.figure()
    figure.suptitle(f"{len(images)} images")
    save(figure, out, {"images": len(images)}, f"The number {len(images)}.")
'''
ENTRY = """
    Figure(
        name="figure99",
        title="Figure 99",
        summary="Figure 99: how many images there are.",
        caption="The number of images.",
        module="figures.figure99",
        needs=lambda study: {"predictions": study.paths.predictions(study.photographs_maps[0])},
        image_sets=lambda study: ["photographs"],
    ),
"""
NETWORK = '''"""A network of one convolution."""

from torch import nn


def one_layer(classes: int) -> nn.Module:
    """Average a convolution's maps."""
    return nn.Sequential(nn.Conv2d(3, classes, 5, 4), nn.AdaptiveAvgPool2d(1), nn.Flatten())
'''


@pytest.fixture
def copied(repository, tmp_path):
    """A copy of the workflow and the library, to be changed."""
    for part in ("Snakefile", "config.yaml"):
        shutil.copy(repository / part, tmp_path)
    for part in ("workflow", "envs", "profiles", "pipeline_lib"):
        shutil.copytree(
            repository / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def run(folder, *command):
    path = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def edit(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


@pytest.mark.slow
def test_a_figure_is_one_module_and_one_entry(copied):
    (copied / "pipeline_lib/reporting/figures/figure99.py").write_text(FIGURE)
    catalogue = copied / "pipeline_lib/reporting/catalogue.py"
    opening = next(
        line for line in catalogue.read_text().splitlines() if line.startswith("FIGURES:")
    )
    rest = catalogue.read_text().partition(opening)[2]
    first = rest[: rest.index("    Figure(")]
    edit(catalogue, opening + first, opening + first + ENTRY.lstrip("\n"))
    listed = run(copied, "-m", "snakemake", "--list")
    assert "figure99 (Figure 99: how many images there are.)" in listed
    output = run(copied, "-m", "snakemake", "--cores", "2", "figure99")
    assert "wrote results/mini/figures/figure99.png" in output
    code = (
        "from pathlib import Path;"
        "from pipeline_lib.study.configuration.load import load_configuration as load;"
        "from pipeline_lib.study.study import build_study;"
        "from pipeline_lib.reporting.catalogue import files_by_target;"
        "from pipeline_lib.reporting.page.render import Contents, render_page;"
        "study = build_study(load({}, Path('workflow/studies')));"
        "print(files_by_target(study)['figure99']);"
        "figure = Path(study.paths.figure('figure99'));"
        "contents = Contents('mini', figure.parents[1], Path('x/index.html'), figures=[figure]);"
        "print('The number of images.' in render_page(contents))"
    )
    planned, on_the_page = run(copied, "-c", code).splitlines()
    assert planned == "['results/mini/figures/figure99.png']"
    assert on_the_page == "True"


def test_a_network_to_train_is_one_module_and_one_entry(copied):
    (copied / "pipeline_lib/networks/one_layer.py").write_text(NETWORK)
    registry = copied / "pipeline_lib/networks/registry.py"
    edit(registry, "        nin,\n", "        nin,\n        one_layer,\n")
    nin = "from pipeline_lib.networks.nin import nin\n"
    edit(registry, nin, nin + "from pipeline_lib.networks.one_layer import one_layer\n")
    world = "world={train_images: 20, val_images: 20}"
    recipe = "training={recipe: {epochs: 1, batch: 4}}"
    config = ("--config", "networks={Mine: {architecture: one_layer}}", world, recipe)
    config += ("ilsvrc={val_images: 20}",)
    snakemake = ("-m", "snakemake", "--cores", "2")
    planned = run(copied, *snakemake, "-n", "table1", *config)
    for file in ("networks/Mine.safetensors", "scores/network/one-crop/paper/Mine.csv"):
        assert f"results/mini/{file}" in planned
    output = run(copied, *snakemake, "results/mini/networks/Mine.json", *config)
    assert "Mine: wrote results/mini/networks/Mine.safetensors" in output


def test_a_librarys_network_is_one_entry(workflow_files):
    workflow = workflow_files("library", {"study": "mini"})
    before = workflow.planned("table1", "table2")
    after = workflow.planned("table1", "table2", networks={"resnet18": None})
    more = {rule: number - before.get(rule, 0) for rule, number in after.items()}
    assert {rule: number for rule, number in more.items() if number} == {
        **{"adopt": 1, "predict": 2, "localize": 2, "evaluate": 2},  # over one crop and ten
        "sweep": 1,
    }


def test_every_target_is_described_in_a_line(workflow_files):
    listed = workflow_files("listed", {"study": "mini"}).run("--list").stdout.splitlines()
    described = dict(line.rstrip(")").split(" (", 1) for line in listed if " (" in line)
    for target in targets():
        assert described[target.name] == target.summary
    for name in ("all", "report", "plan", "preflight", "check_data", "fetch_cub"):
        assert described[name].endswith(".")
