import json

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline_lib.networks.artefact import save_network
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.registry import build
from pipeline_lib.steps.localization import explain

MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
LABELS = [f"c{k}" for k in range(7)]


@pytest.fixture
def folder(tmp_path):
    """A small network, two photographs of its input's size, and names of the classes."""
    torch.manual_seed(0)
    options = {"width": 0.0625, "half_input": True, "batch_norm": True}
    state = build("alexnet_gap", len(LABELS), options).state_dict()
    preprocessing = Preprocessing((64, 64), MEAN, STD)
    card = NetworkCard("small", "trained", "alexnet_gap", options, LABELS, preprocessing)
    save_network(tmp_path / "small.safetensors", card, state)
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        pixels = rng.integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    lines = ["label,id,name", *(f"{label},{k},name {k}" for k, label in enumerate(LABELS))]
    (tmp_path / "classes.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def run(folder, *photographs):
    argv = [*(str(folder / name) for name in photographs)]
    flags = {"network": "small.safetensors", "classes": "classes.csv", "out": "sheet.png"}
    argv += [word for key, name in flags.items() for word in (f"--{key}", str(folder / name))]
    return explain.main(argv)


def test_each_photograph_is_shown_with_its_five_most_likely_classes(folder):
    assert run(folder, "b.png", "a.png") == 0
    assert (folder / "sheet.png").exists()
    rows = json.loads((folder / "sheet.json").read_text())["rows"]
    assert [row["image_id"] for row in rows] == ["b.png", "a.png"]
    torch.manual_seed(0)  # the same random weights
    options = {"width": 0.0625, "half_input": True, "batch_norm": True}
    network = build("alexnet_gap", len(LABELS), options).eval()
    for row in rows:
        pixels = np.array(Image.open(folder / row["image_id"])) / 255
        inputs = torch.tensor((pixels - MEAN) / STD, dtype=torch.float32).permute(2, 0, 1)[None]
        with torch.no_grad():
            scores = network(inputs).softmax(1)[0].numpy()
        order = np.argsort(-scores)[:5]
        assert [guess["class"] for guess in row["top"]] == [LABELS[k] for k in order]
        assert [guess["name"] for guess in row["top"]] == [f"name {k}" for k in order]
        found = [guess["score"] for guess in row["top"]]
        np.testing.assert_allclose(found, scores[order], atol=2e-6)


def test_a_missing_photograph_is_one_line(folder, capsys):
    assert run(folder, "gone.png") == 1
    lines = capsys.readouterr().err.splitlines()
    assert "gone.png: not found" in lines[-1]
    assert not (folder / "sheet.png").exists()


@pytest.mark.parametrize("name", ["sale_$5_off_$9.png", "a_{b}^c\\d.png", "$\\alpha$.png"])
def test_names_are_drawn_as_they_are(folder, name):
    (folder / "a.png").rename(folder / name)
    assert run(folder, name) == 0
    assert (folder / "sheet.pdf").exists()


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_photograph_is_classified_as_a_viewer_shows_it(folder, orientation):
    turned = Image.open(folder / "a.png")
    back = {
        3: Image.Transpose.ROTATE_180,
        6: Image.Transpose.ROTATE_90,
        8: Image.Transpose.ROTATE_270,
    }
    data = Image.Exif()
    data[0x112] = orientation
    turned.transpose(back[orientation]).save(folder / "turned.png", exif=data)
    assert run(folder, "a.png", "turned.png") == 0
    upright, shown = json.loads((folder / "sheet.json").read_text())["rows"]
    assert upright["top"] == shown["top"]
