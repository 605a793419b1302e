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
    save(figure, out, {"images": len(images)})
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
    said = run(copied, "-m", "snakemake", "--cores", "2", "figure99")
    assert "wrote results/mini/figures/figure99.png" in said
    code = (
        "from pathlib import Path;"
        "from pipeline_lib.study.configuration.load import load_configuration as load;"
        "from pipeline_lib.study.study import build_study;"
        "from pipeline_lib.reporting.catalogue import files_by_target;"
        "from pipeline_lib.reporting.page import render_page;"
        "study = build_study(load({}, Path('workflow/studies')));"
        "print(files_by_target(study)['figure99']);"
        "figure = Path(study.paths.figure('figure99'));"
        "print('The number of images.' in render_page('mini', [], [figure]))"
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
    said = run(
        copied,
        *("-m", "snakemake", "--cores", "2", "results/mini/networks/Mine.json", "--config"),
        *("networks={Mine: {architecture: one_layer}}", world, "ilsvrc={val_images: 20}", recipe),
    )
    assert "Mine: wrote results/mini/networks/Mine.safetensors" in said


def test_every_target_is_described_in_a_line(workflow_files):
    listed = workflow_files("listed", {"study": "mini"}).run("--list").stdout.splitlines()
    described = dict(line.rstrip(")").split(" (", 1) for line in listed if " (" in line)
    for target in targets():
        assert described[target.name] == target.summary
    for name in ("all", "report", "plan", "preflight", "check_data", "fetch_cub"):
        assert described[name].endswith(".")
