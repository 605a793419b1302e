import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from pipeline_lib.localization.authors_box import authors_boxes
from pipeline_lib.localization.heat_maps import upsample
from pipeline_lib.localization.predictions import METHODS, PIXEL_METHODS
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


def run(folder, *photographs, **changed):
    argv = [*(str(folder / name) for name in photographs)]
    flags = {"network": "small.safetensors", "names": "classes.csv", "out": "sheet.png"}
    for key, name in (flags | changed).items():
        argv += [f"--{key}", str(folder / name)]
    return explain.main(argv)


def run_with(folder, photographs, *flags):
    network = ["--network", str(folder / "small.safetensors"), "--out", str(folder / "sheet.png")]
    return explain.main([*(str(folder / name) for name in photographs), *network, *flags])


def rows_of(folder):
    return json.loads((folder / "sheet.json").read_text())["rows"]


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
    assert (folder / "sheet.png").exists()


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


def network_of():
    """The folder's network: the same random weights."""
    torch.manual_seed(0)
    options = {"width": 0.0625, "half_input": True, "batch_norm": True}
    return build("alexnet_gap", len(LABELS), options).eval()


def inputs_of(path):
    pixels = np.array(Image.open(path)) / 255
    return torch.tensor((pixels - MEAN) / STD, dtype=torch.float32).permute(2, 0, 1)[None]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("crops", ["1", "10"])
def test_maps_of_any_method_and_crops_are_written_raw(folder, method, crops):
    flags = ["--maps", method, "--crops", crops, "--npy", str(folder / "maps"), "--top", "3"]
    assert run_with(folder, ["a.png", "b.png"], *flags) == 0
    for row in rows_of(folder):
        assert [each["class"] for each in row["maps"]] == [each["class"] for each in row["top"]]
        maps = np.load(row["maps"][0]["file"])
        assert [each["index"] for each in row["maps"]] == [0, 1, 2]
        assert (len(maps), maps.dtype) == (3, np.float32)
        planes = () if crops == "1" else (10,)
        planes = (2,) if method in PIXEL_METHODS else planes
        assert maps.shape[1:-2] == planes
    assert json.loads((folder / "sheet.json").read_text())["maps"] == method


def test_the_mean_of_a_raw_class_map_is_the_score_before_the_softmax_without_bias(folder):
    flags = ["--npy", str(folder / "maps"), "--classes", *LABELS]
    assert run_with(folder, ["a.png"], *flags) == 0
    (row,) = rows_of(folder)
    network = network_of()
    with torch.no_grad():
        logits = network(inputs_of(folder / "a.png"))[0].numpy()
    maps = np.load(row["maps"][0]["file"])
    bias = network.state_dict()["head.linear.bias"].numpy()
    np.testing.assert_allclose(maps.mean((1, 2)), logits - bias, atol=1e-4)


@pytest.mark.parametrize("threshold", ["0.2", "0.7"])
def test_a_box_is_that_of_the_largest_component_of_the_upsampled_map(folder, threshold):
    flags = ["--npy", str(folder / "maps"), "--threshold", threshold]
    wide = Image.open(folder / "a.png").resize((90, 50))
    wide.save(folder / "wide.png")
    assert run_with(folder, ["wide.png"], *flags) == 0
    (row,) = rows_of(folder)
    assert (row["width"], row["height"]) == (90, 50)
    maps = np.load(row["maps"][0]["file"])
    for each in row["maps"]:
        heat = torch.nn.functional.interpolate(
            torch.tensor(maps[each["index"]])[None, None], (50, 90), mode="bilinear"
        )[0, 0].numpy()
        if heat.max() <= 0:
            assert each["box"] == [0, 0, 90, 50]
            continue
        parts, count = ndimage.label(heat > float(threshold) * heat.max(), np.ones((3, 3)))
        sizes = ndimage.sum_labels(np.ones_like(parts), parts, range(1, count + 1))
        ys, xs = np.nonzero(parts == 1 + np.argmax(sizes))
        assert each["box"] == [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]


def test_the_box_of_a_large_photograph_is_that_of_the_small_one_enlarged(folder):
    Image.open(folder / "a.png").resize((500, 400)).save(folder / "a.png")
    assert run(folder, "a.png") == 0
    small = [each["box"] for each in rows_of(folder)[0]["maps"]]
    Image.open(folder / "a.png").resize((4000, 3200), Image.Resampling.NEAREST).save(
        folder / "a.png"
    )
    assert run(folder, "a.png") == 0
    large = [each["box"] for each in rows_of(folder)[0]["maps"]]
    np.testing.assert_allclose(np.array(large) / 8, small, atol=8)


def test_the_authors_box_method(folder):
    assert (
        run_with(folder, ["a.png"], "--box-method", "authors", "--npy", str(folder / "maps")) == 0
    )
    (row,) = rows_of(folder)
    for each in row["maps"]:
        heat = upsample(np.load(each["file"])[each["index"]], 64, 64, "bilinear")
        assert each["box"] == list(authors_boxes(heat)[0])


def test_classes_are_chosen_by_label_or_name(folder):
    flags = ["--names", str(folder / "classes.csv"), "--classes", "name 3", "c5"]
    assert run_with(folder, ["a.png"], *flags) == 0
    (row,) = rows_of(folder)
    assert [each["class"] for each in row["maps"]] == ["c3", "c5"]
    with torch.no_grad():
        scores = network_of()(inputs_of(folder / "a.png")).softmax(1)[0].numpy()
    np.testing.assert_allclose([each["score"] for each in row["maps"]], scores[[3, 5]], atol=2e-6)
    assert len(row["top"]) == 5


def test_a_class_that_there_is_not_is_one_line(folder, capsys):
    assert run_with(folder, ["a.png"], "--classes", "unicorn") == 1
    assert "class 'unicorn'" in capsys.readouterr().err.splitlines()[-1]


def test_a_bad_file_is_said_and_the_others_are_done(folder, capsys):
    (folder / "bad.png").write_bytes((folder / "a.png").read_bytes()[:200])
    assert run(folder, "bad.png", "a.png", "gone.png", "b.png") == 1
    lines = capsys.readouterr().err.splitlines()
    assert "2 of 4 photographs could not be read" in lines[-1]
    said = [line for line in lines if "choose another" in line]
    assert ["bad.png" in said[0], "gone.png" in said[1], len(said)] == [True, True, 2]
    assert "fetch" not in "".join(lines)
    assert [row["image_id"] for row in rows_of(folder)] == ["a.png", "b.png"]
    assert len(json.loads((folder / "sheet.json").read_text())["failed"]) == 2


def test_a_folder_is_all_its_images_and_the_sheet_shows_the_first(folder, capsys):
    photos = folder / "photos"
    (photos / "sub").mkdir(parents=True)
    (photos / "notes.txt").write_text("x")
    for n in range(6):
        Image.open(folder / "a.png").save(photos / f"{n}.png")
    (photos / "0.png").write_bytes(b"")
    assert run_with(folder, ["photos"], "--rows", "2", "--batch", "2") == 1
    lines = capsys.readouterr().err
    assert "6 images; 2 other files and folders are left out" in lines
    assert "1 of 6 photographs" in lines
    assert [row["image_id"] for row in rows_of(folder)] == [f"{n}.png" for n in range(1, 6)]
    with Image.open(folder / "sheet.png") as sheet:
        assert sheet.height < sheet.width  # two rows of six panels


def test_an_empty_folder_is_one_line(folder, capsys):
    (folder / "empty").mkdir()
    assert run_with(folder, ["empty"]) == 1
    assert "empty: no photograph in it" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", explain.FORMATS)
def test_what_is_written_is_what_is_said(folder, capsys, suffix):
    before = {path.name for path in folder.iterdir()}
    assert run(folder, "a.png", out=f"x{suffix}", json="x.data") == 0
    assert {path.name for path in folder.iterdir()} - before == {f"x{suffix}", "x.data"}
    line = capsys.readouterr().err.splitlines()[-1]
    assert line == f"wrote {folder / f'x{suffix}'}, {folder / 'x.data'}"
    starts = {".png": b"\x89PNG", ".jpg": b"\xff\xd8", ".jpeg": b"\xff\xd8", ".pdf": b"%PDF"}
    assert (folder / f"x{suffix}").read_bytes().startswith(starts.get(suffix, b"<?xml"))


@pytest.mark.parametrize("out", ["x.gif", "x", "no/such/x.png", "folder.png", "a.png"])
def test_an_output_that_cannot_be_is_refused_before_any_work(folder, capsys, out):
    (folder / "folder.png").mkdir()
    before = (folder / "a.png").read_bytes()
    assert run(folder, "a.png", out=out) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {folder / out}".removesuffix("/x.png"))
    assert not (folder / "no").exists()
    assert (folder / "a.png").read_bytes() == before


def test_photographs_of_the_same_name_have_maps_of_their_own(folder):
    for name in ("one", "two"):
        (folder / name).mkdir()
        Image.open(folder / f"{'ab'[name == 'two']}.png").save(folder / name / "x.png")
    assert run_with(folder, ["one/x.png", "two/x.png"], "--npy", str(folder / "maps")) == 0
    one, two = (np.load(row["maps"][0]["file"]) for row in rows_of(folder))
    assert not np.array_equal(one, two)


def test_no_score_above_chance_is_said(folder, capsys):
    assert run(folder, "a.png") == 0
    assert "no better than chance; are these weights trained?" in capsys.readouterr().err


def test_the_help_needs_no_pytorch():
    code = "import sys; sys.argv = ['', 'explain', '--help']; sys.modules['torch'] = None\n"
    code += "from pipeline_lib.__main__ import main; main(sys.argv[1:])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "--box-method" in run.stdout
