"""Mining concepts and plotting Figure 10, from hand-made features."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import IMAGE_COLUMNS, read_csv, write_csv, write_rows
from pipeline_lib.discovery.concept_tables import CONCEPT_COLUMNS, read_concepts
from pipeline_lib.discovery.concepts import split_images
from pipeline_lib.features.cache import Origin, write_features
from pipeline_lib.localization.predictions import Header, write_predictions
from pipeline_lib.reporting.figures import figure10
from pipeline_lib.steps.discovery import mine_concepts
from pipeline_lib.steps.report import plot
from pipeline_lib.svm.classifier import load
from tests.reporting.drawn_texts import faults, keep_figures, words

NAMES = [f"p{n:03}.png" for n in range(120)]
OUTPUTS = {"out": "svm.npz", "concepts": "concepts.csv", "ranking": "ranking.csv"}
OUTPUTS["picked"] = "picked.csv"


@pytest.fixture
def captioned(tmp_path):
    """120 captioned 12x8 photographs; their features encode "red barn" and "pond".

    "barn"'s images are those of "red barn"; "yesterday" is in random captions.
    """
    rng = np.random.default_rng(0)
    shows = rng.random((120, 2)) < (0.3, 0.25)
    later = rng.random(120) < 0.3
    features = rng.normal(size=(120, 16)).astype(np.float32)
    features[:, :2] += 5 * shows
    rows, captions = [], []
    for name, (barn, pond), is_later in zip(NAMES, shows, later, strict=True):
        Image.fromarray(rng.integers(0, 255, (8, 12, 3), np.uint8)).save(tmp_path / name)
        rows.append((name, name, "", "", "", 0))
        captions.append((name, f"Here {'is a red barn' if barn else ''}"))
        captions.append((name, f"{'A pond' if pond else 'It'} {'yesterday' if is_later else ''}"))
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, rows)
    write_rows(tmp_path / "captions.csv", ("image_id", "caption"), captions)
    images = fingerprint(tmp_path / "images.csv")
    origin = Origin("net", "gap", "n" * 16, images, "f", "whole", "float32")
    write_features(tmp_path / "x.h5", origin, NAMES, [features])
    return tmp_path, shows


def run(folder, *flags):
    given = {"features": "x.h5", "images": "images.csv", "annotations": "captions.csv", **OUTPUTS}
    argv = [word for key, name in given.items() for word in (f"--{key}", str(folder / name))]
    return mine_concepts.main([*argv, *map(str, flags)])


@pytest.mark.slow
def test_several_processes_write_the_same_files(captioned):
    folder, _ = captioned
    written = []
    for processes in (1, 2):
        assert run(folder, "--min-images", 10, "--count", 5, "--processes", processes) == 0
        written.append([(folder / name).read_bytes() for name in OUTPUTS.values()])
    assert written[0] == written[1]


def test_planted_concepts_are_found_first_and_rank_held_out_images(captioned):
    folder, shows = captioned
    assert run(folder, "--min-images", 10, "--count", 5, "--show", 2, "--pictures", 3) == 0
    table = read_concepts(folder / "concepts.csv")
    assert set(table) == set(CONCEPT_COLUMNS)
    assert set(table["concept"][:2]) == {"red barn", "pond"}
    assert table["concept"][2:].tolist() == ["yesterday"]
    assert table["shown"].tolist() == [True, True, False]
    assert (table["n"] == 48).all()
    measures = table.set_index("concept")
    assert (measures.loc[["red barn", "pond"], "precision"] > 0.8).all()
    assert abs(measures.loc["yesterday", "separability"]) < 0.25
    ranking = pd.read_csv(folder / "ranking.csv", comment="#")
    truth = dict(zip(NAMES, shows[:, 0], strict=True))
    barns = ranking[ranking["concept"] == "red barn"]
    assert barns["rank"].tolist() == list(range(1, 11))
    assert barns["has_phrase"].tolist() == [truth[name] for name in barns["image_id"]]
    assert barns["has_phrase"].mean() == pytest.approx(measures.loc["red barn", "precision"])
    assert barns["score"].is_monotonic_decreasing


def test_the_classifier_has_a_class_a_concept_and_the_picked_are_labelled_by_it(captioned):
    folder, _ = captioned
    assert run(folder, "--phrases", "pond", "Red barn!", "--pictures", 3) == 0
    classifier = load(folder / "svm.npz")
    assert classifier.classes == ["pond", "red barn"]
    assert classifier.normalised
    picked = pd.read_csv(folder / "picked.csv", comment="#")
    assert list(picked) == [*IMAGE_COLUMNS, "view"]
    assert picked["label"].tolist() == ["pond"] * 3 + ["red barn"] * 3
    assert picked["image_id"].is_unique
    ranking = pd.read_csv(folder / "ranking.csv", comment="#")
    first = ranking[ranking["rank"] <= 3]
    assert picked["path"].tolist() == first["image_id"].tolist()


def test_captions_of_held_out_images_change_their_measures_alone(captioned):
    folder, _ = captioned
    flags = ("--phrases", "pond", "--seed", 3)
    assert run(folder, *flags) == 0
    before = load(folder / "svm.npz"), pd.read_csv(folder / "ranking.csv", comment="#")
    table = pd.read_csv(folder / "captions.csv", comment="#")
    held_out = np.array(NAMES)[split_images(120, 0.4, 3).held_out]
    other = table["caption"].where(~table["image_id"].isin(held_out), "Nothing")
    write_csv(folder / "captions.csv", table.assign(caption=other))
    assert run(folder, *flags) == 0
    after = load(folder / "svm.npz"), pd.read_csv(folder / "ranking.csv", comment="#")
    np.testing.assert_array_equal(before[0].weights, after[0].weights)
    assert before[1]["image_id"].tolist() == after[1]["image_id"].tolist()
    assert not after[1]["has_phrase"].any()
    (row,) = read_concepts(folder / "concepts.csv").itertuples()
    assert row.n_positive == 0
    assert np.isnan(row.precision)


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (("--phrases", "pond", "unicorn"), "'unicorn' is in the captions of none of the 72"),
        (("--phrases", "pond", " "), "a phrase without a word"),
        (("--phrases", "here"), "'here' is in the captions of every one"),
        (("--min-images", 60), "no phrase in the captions of 60 or more"),
        (("--held-out-fraction", 0.001), "too few to hold out"),
    ],
)
def test_an_empty_concept_is_one_line(captioned, capsys, flags, named):
    folder, _ = captioned
    assert run(folder, *flags) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert named in line
    assert not any((folder / name).exists() for name in OUTPUTS.values())


def test_a_number_is_a_concept_too(captioned):
    folder, shows = captioned
    captions = [
        (name, "007" if barn else "8") for name, (barn, _) in zip(NAMES, shows, strict=True)
    ]
    write_rows(folder / "captions.csv", ("image_id", "caption"), captions)
    assert run(folder, "--phrases", "007") == 0
    assert read_concepts(folder / "concepts.csv")["concept"].tolist() == ["007"]
    assert read_csv(folder / "picked.csv", IMAGE_COLUMNS)["label"].tolist() == ["007"] * 5


def test_an_image_without_a_caption_is_one_line(captioned, capsys):
    folder, _ = captioned
    table = pd.read_csv(folder / "captions.csv", comment="#")
    write_csv(folder / "captions.csv", table[table["image_id"] != NAMES[7]])
    assert run(folder) == 1
    assert f"no caption of image {NAMES[7]}" in capsys.readouterr().err


def predict(folder):
    """Predictions of the picked images as the step writes them: the label's map is the true one's."""
    picked = pd.read_csv(folder / "picked.csv", comment="#")
    labels = load(folder / "svm.npz").classes
    n = len(picked)
    truth = picked["label"].map(labels.index).to_numpy(np.int32)
    header = Header(
        image_id=picked["image_id"].tolist(),
        true_class=truth,
        class_labels=labels,
        name="net",
        method="cam",
        crops=1,
        size=(28, 28),
        warped=(28, 28),
        network="0",
        images=fingerprint(folder / "picked.csv"),
    )
    maps = np.random.default_rng(0).normal(size=(n, 1, 7, 7)).astype(np.float32)
    batch = {
        "classes": truth[:, None],
        "scores": np.ones((n, 1), np.float32),
        "maps": maps[:, None],
        "true_map": maps,
    }
    write_predictions(folder / "maps.h5", header, [batch])


def test_the_figure_shows_the_first_images_and_says_which_have_the_phrase(captioned, monkeypatch):
    figures = keep_figures(monkeypatch, figure10)
    folder, _ = captioned
    assert run(folder, "--phrases", "red barn", "pond", "--show", 2, "--pictures", 3) == 0
    predict(folder)
    files = {"concepts": "concepts.csv", "ranking": "ranking.csv", "predictions": "maps.h5"}
    files["images"] = "picked.csv"
    argv = ["--figure", "figure10", "--roots", str(folder), "--out", str(folder / "figure10.png")]
    for role, name in files.items():
        argv += ["--input", role, str(folder / name)]
    assert plot.main(argv) == 0
    content = json.loads((folder / "figure10.json").read_text())
    table = read_concepts(folder / "concepts.csv")
    assert [row["concept"] for row in content["concepts"]] == ["red barn", "pond"]
    assert content["means"]["precision"]["value"] == pytest.approx(table["precision"].mean())
    assert content["means"]["gain"]["n"] == 2
    ranking = pd.read_csv(folder / "ranking.csv", comment="#")
    expected = ranking[ranking["rank"] <= 3]
    assert [image["image_id"] for image in content["images"]] == expected["image_id"].tolist()
    assert [image["in_a_caption"] for image in content["images"]] == expected["has_phrase"].tolist()
    assert all(word in content["alt"] for word in ("red barn", "pond"))
    assert faults(figures[0]) == []
    marked = words(figures[0])
    assert marked.count("✓ in a caption") == expected["has_phrase"].sum()
    assert marked.count("✗ in no caption") == (~expected["has_phrase"].astype(bool)).sum()
    assert (folder / "figure10.png").read_bytes()[:4] == b"\x89PNG"
    assert (folder / "figure10.pdf").read_bytes()[:4] == b"%PDF"
