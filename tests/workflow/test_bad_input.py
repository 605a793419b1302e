"""Bad input ends in one line that says which file or key, and leaves nothing half-written."""

import shutil

import pytest
import torch
import torchvision
from safetensors.torch import save_file

pytestmark = pytest.mark.workflow

SMALL = {
    "study": "small",
    "networks": {"tf_efficientnet_lite0": False},
    "figures": {"network": "squeezenet1_0"},
}


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"treshold": 1}, "treshold"),
        ({"boxes": {"threshold": "high"}}, "boxes.threshold"),
        ({"boxes": {"threshold": 1.5}}, "boxes.threshold"),
        ({"networks": {"NIN": {"widht": 2}}}, "networks.NIN"),
        ({"training": {"recipe": {"epochs": 0}}}, "training.recipe.epochs"),
        ({"study": "huge"}, "huge"),
        ({"figures": {"network": "VGG"}}, "figures.network"),
        ({"networks": {"GoogLeNet-GMP": {"weights": "released"}}}, "networks.GoogLeNet-GMP"),
        ({"transfer": {"sets": ["SUN398"]}}, "transfer.sets: 'SUN398'"),
        ({"discovery": {"sets": ["scene"]}}, "discovery.sets: 'scene'"),
    ],
)
def test_a_bad_key_is_one_line_naming_it(tiny_study, config, named):
    done = tiny_study.run("-n", **config)
    assert done.returncode != 0
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert named in errors[0]
    assert "Traceback" not in done.stderr


def test_a_wrong_target_is_one_line_with_the_nearest(tiny_study):
    done = tiny_study.run("tabel4")
    assert done.returncode != 0
    hint = "error: no target 'tabel4'; did you mean table4? (snakemake --list has all)"
    assert done.stderr.splitlines()[-1] == hint
    assert "table4" in tiny_study.call("--list").stdout
    done = tiny_study.run("-n", "table4", "-R", "trian")
    assert done.stderr.splitlines()[-1] == "error: no rule 'trian'; did you mean train?"


@pytest.mark.parametrize(
    ("figure", "config", "message"),
    [
        ("figure10", {}, "'concepts' is not among config.discovery.sets"),
        (
            "figure7",
            {"transfer": {"networks": [], "sets": ["Event8"]}},
            "none of the data sets it shows is among config.transfer.sets",
        ),
    ],
)
def test_a_figure_of_sets_that_were_not_asked_for_is_refused(tiny_study, figure, config, message):
    done = tiny_study.run("-n", figure, **config)
    assert done.returncode != 0
    assert f"error: {figure}: {message}" in done.stderr


def test_a_study_of_real_data_asks_for_its_folder(workflow_files):
    done = workflow_files("nowhere", {"study": "small"}).run("-n")
    assert done.returncode != 0
    assert "error: config.data_root: study small needs it" in done.stderr


@pytest.fixture
def data_root(tiny_world, tmp_path):
    """A folder of data, to be broken, with weights for a ready-trained network."""
    shutil.copytree(tiny_world, tmp_path / "data" / "ilsvrc")
    torch.manual_seed(0)
    (tmp_path / "data" / "weights").mkdir()
    state = torchvision.models.squeezenet1_0().state_dict()
    save_file(state, tmp_path / "data" / "weights" / "squeezenet1_0.safetensors")
    return tmp_path / "data"


def truncate_image(root):
    path = root / "ilsvrc" / "val" / "ILSVRC2012_val_00000003.JPEG"
    path.write_bytes(path.read_bytes()[:-2000])
    return "ILSVRC2012_val_00000003.JPEG"


def empty_xml(root):
    path = root / "ilsvrc" / "bbox" / "val" / "ILSVRC2012_val_00000002.xml"
    text = path.read_text()
    path.write_text(text[: text.index("<object>")] + "</annotation>")
    return "ILSVRC2012_val_00000002.xml"


def short_devkit(root):
    path = next((root / "ilsvrc").rglob("ILSVRC2012_validation_ground_truth.txt"))
    path.write_text("\n".join(path.read_text().split()[:-1]))
    return "19 labels, not 20"


def wrong_weights(root):
    state = torchvision.models.squeezenet1_0(num_classes=10).state_dict()
    save_file(state, root / "weights" / "squeezenet1_0.safetensors")
    return "(10, 512, 1, 1)"


def no_images(root):
    shutil.rmtree(root / "ilsvrc" / "val")
    (root / "ilsvrc" / "val").mkdir()
    return "no image named ILSVRC2012_val_*.JPEG"


@pytest.mark.parametrize(
    ("spoil", "target"),
    [
        (truncate_image, "predictions/photographs/network/one-crop/squeezenet1_0.h5"),
        (empty_xml, "data/ilsvrc-val/images.csv"),
        (short_devkit, "data/ilsvrc-val/images.csv"),
        (no_images, "data/ilsvrc-val/images.csv"),
        (wrong_weights, "networks/squeezenet1_0.json"),
    ],
)
def test_bad_data_is_one_line_in_the_steps_log(workflow_files, data_root, spoil, target):
    named = spoil(data_root)
    workflow = workflow_files(
        "bad", {**SMALL, "data_root": str(data_root), "ilsvrc": {"val_images": 20}}
    )
    if spoil is truncate_image:  # the mini world's classes are not ImageNet's: show it unlabelled
        folder = str(data_root / "ilsvrc" / "val")
        photographs = {"photographs": {"folder": folder, "network": "squeezenet1_0"}}
    else:
        photographs = {}
    done = workflow.run(f"results/small/{target}", **photographs)
    assert done.returncode != 0
    assert not (workflow.folder / "results" / "small" / target).exists()
    logs = [path.read_text() for path in (workflow.folder / "results/small/logs").rglob("*.log")]
    errors = [line for log in logs for line in log.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert named in errors[0]
    assert errors[0] in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_network_is_one_line(workflow_files, data_root):
    networks = {"resnet5000": {}, "squeezenet1_0": False, "tf_efficientnet_lite0": False}
    workflow = workflow_files("unknown", {"study": "small", "data_root": str(data_root)})
    figures = {"network": "resnet5000", "baseline": "resnet5000"}
    done = workflow.run(
        "results/small/networks/resnet5000.json", networks=networks, figures=figures
    )
    assert done.returncode != 0
    assert "error: unknown network 'resnet5000'" in done.stderr
    assert not (workflow.folder / "results/small/networks/resnet5000.json").exists()


def test_a_misspelt_network_is_refused_before_any_job_also_in_a_dry_run(
    workflow_files, tiny_config
):
    networks = tiny_config["networks"] | {"resnet5O": None}
    workflow = workflow_files("misspelt", tiny_config)
    for arguments in (["-n"], []):
        done = workflow.run(*arguments, "table1", networks=networks)
        assert done.returncode != 0
        text = done.stdout + done.stderr
        assert "error: unknown network 'resnet5O' (config.networks.resnet5O)" in text
        assert not (workflow.folder / "results/mini/world").exists()
    assert (
        workflow.run("-n", "figure7", networks=networks).returncode == 0
    )  # which does not need it
