"""Ranking by a stand-in for CLIP that sees colours; CLIP itself is in tests/networks/test_clip.py."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import average_precision_score

from pipeline_lib.data.manifest import (
    IMAGE_COLUMNS,
    read_csv,
    read_images,
    write_csv,
    write_rows,
)
from pipeline_lib.discovery.concept_tables import CONCEPT_COLUMNS, means_of, read_concepts
from pipeline_lib.discovery.concepts import split_images
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.reporting.figures import figure10
from pipeline_lib.steps.discovery import rank_by_clip
from tests.steps.discovery.colours import COLOURS, Clip

NAMES = [f"p{n:02}.png" for n in range(50)]
PHRASES = ["red barn", "pond", "nowhere"]


@pytest.fixture
def captioned(tmp_path, monkeypatch):
    """50 photographs of 12x8 of random colour, the captions of the red ones and of the blue ones."""
    monkeypatch.setattr(rank_by_clip, "Clip", Clip)
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 255, (len(NAMES), 3))
    rows, captions = [], []
    for name, colour in zip(NAMES, colours, strict=True):
        pixels = np.zeros((8, 12, 3), np.uint8)
        pixels[:4, :6] = colour  # in the first quarter
        Image.fromarray(pixels).save(tmp_path / name)
        rows.append((name, name, "", "", "", 0))
        said = [phrase for phrase in PHRASES[:2] if colour[COLOURS[phrase]] > 180]
        captions.append((name, f"It has a {' and a '.join(said)}" if said else "It"))
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, rows)
    write_rows(tmp_path / "captions.csv", ("image_id", "caption"), captions)
    mined = pd.DataFrame({"concept": PHRASES, "images": [9, 8, 0], "shown": [True, True, False]})
    write_csv(tmp_path / "mined.csv", mined.reindex(columns=list(CONCEPT_COLUMNS)))
    return tmp_path, colours / np.linalg.norm(colours, axis=1, keepdims=True), captions


def run(folder):
    given = {"images": "images.csv", "annotations": "captions.csv", "mined": "mined.csv"}
    given |= {"concepts": "concepts.csv", "ranking": "ranking.csv", "picked": "picked.csv"}
    argv = [word for key, name in given.items() for word in (f"--{key}", str(folder / name))]
    argv += ["--clip", "colours", "--root", str(folder), "--out", str(folder / "maps.h5")]
    return rank_by_clip.main([*argv, "--pictures", "4", "--batch", "7"])


def test_the_held_out_images_are_ranked_by_cosine_and_measured(captioned):
    folder, unit, captions = captioned
    assert run(folder) == 0
    table, held_out = read_concepts(folder / "concepts.csv"), split_images(50, 0.4, 0).held_out
    ranking = read_csv(folder / "ranking.csv", ("concept", "rank", "image_id", "score"))
    assert table["concept"].tolist() == PHRASES and (table["n"] == 20).all()
    for row in table.itertuples():
        scores = unit[held_out, COLOURS[row.concept]]
        has = np.array([row.concept in captions[n][1] for n in held_out])
        order = np.argsort(-scores)[:10]
        listed = ranking[ranking["concept"] == row.concept]
        assert listed["image_id"].tolist() == [NAMES[n] for n in held_out[order]]
        np.testing.assert_allclose(listed["score"], scores[order], atol=1e-5)
        assert row.n_positive == has.sum()
        if has.any():
            assert row.precision == pytest.approx(has[order].mean())
            assert row.average_precision == pytest.approx(average_precision_score(has, scores))
            assert row.chance == pytest.approx(has.mean())
        else:
            assert np.isnan(row.precision)
    assert table[["separability", "ap_before_mining"]].isna().all(axis=None)
    assert set(means_of(table)) == {"precision", "chance", "gain", "average_precision"}


def test_the_first_images_of_shown_phrases_have_the_phrases_map(captioned, tmp_path):
    folder, _, _ = captioned
    assert run(folder) == 0
    picked = read_images(folder / "picked.csv")
    assert picked["label"].tolist() == ["red barn"] * 4 + ["pond"] * 4
    predictions = read_predictions(folder / "maps.h5", folder / "picked.csv")
    assert predictions.name == "CLIP colours"
    for row, (label, path) in enumerate(zip(picked["label"], picked["path"], strict=True)):
        with Image.open(folder / path) as image:
            corner = np.asarray(image)[0, 0, COLOURS[label]] / 255
        expected = np.array([[corner, 0], [0, 0]])
        np.testing.assert_allclose(predictions.true_map[row, 0], expected, atol=1e-6)
    figure10.plot(
        read_concepts(folder / "concepts.csv"),
        read_csv(folder / "ranking.csv", ("concept", "rank", "image_id", "score", "has_phrase")),
        predictions,
        picked,
        folder,
        tmp_path / "figure10.png",
    )
    assert (tmp_path / "figure10.json").exists()
