"""The section about concepts, from the step that gathers it."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline_lib.common.files import write_json
from pipeline_lib.data.manifest import IMAGE_COLUMNS, write_csv, write_rows
from pipeline_lib.discovery.concept_tables import CONCEPT_COLUMNS, RANKING_COLUMNS
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.reporting.page import concepts, concepts_data
from pipeline_lib.steps.report import browse_concepts
from tests.reporting.page.markup import ODD, checked

PHRASES = ["pond", ODD, "never seen"]


@pytest.fixture
def study(tmp_path):
    """Three concepts of two ranked images each; the second is in the figure, the third unmeasured."""
    rng = np.random.default_rng(0)
    names = [f"p{n}.png" for n in range(4)]
    for name in names:
        Image.fromarray(rng.integers(0, 255, (20, 30, 3), np.uint8)).save(tmp_path / name)
    write_rows(tmp_path / "images.csv", IMAGE_COLUMNS, [(n, n, "", "", "", 0) for n in names])
    table = pd.DataFrame([dict.fromkeys(CONCEPT_COLUMNS, 0.25)] * 3).assign(
        concept=PHRASES, images=9, n=4, n_positive=[2, 1, 0], shown=[False, True, False]
    )
    measured = list(CONCEPT_COLUMNS[9:-1])
    table.loc[2, measured] = np.nan
    write_csv(tmp_path / "concepts.csv", table)
    ranking = [(c, r, names[r], 1 / r, r == 1) for c in PHRASES for r in (2, 1)]
    write_rows(tmp_path / "ranking.csv", RANKING_COLUMNS, ranking)
    card = NetworkCard("net", "trained", "x", {}, ["a"], Preprocessing((8, 8)))
    write_json(tmp_path / "net.json", asdict(card))
    return tmp_path


def run(study):
    files = {"concepts": "concepts.csv", "ranking": "ranking.csv", "images": "images.csv"}
    files |= {"card": "net.json", "root": "", "out": "concepts.json"}
    return browse_concepts.main([f"--{key}={study / name}" for key, name in files.items()])


def test_the_step_gathers_what_the_section_shows(study):
    assert run(study) == 0
    data = json.loads((study / "concepts.json").read_text())
    assert [entry["concept"] for entry in data["concepts"]] == [ODD, "pond", "never seen"]
    ranked = [[p["rank"] for p in entry["pictures"]] for entry in data["concepts"]]
    assert ranked == [[1, 2]] * 3
    text = str(concepts.section(data))
    markup = checked(text)
    assert f"“{ODD}”" in markup.text
    assert markup.text.count("✓ in a caption") == markup.text.count("✗ in no caption") == 3
    assert markup.text.count("No held-out image has it in a caption") == 1
    assert "Precision of the first ten 0.25" in " ".join(markup.text.split())
    assert sum(each.startswith("concept/image/") for each in markup.ids) == 6
    assert "concept/pond" in markup.ids


def test_pictures_are_limited_and_the_section_says_how_many_concepts_have_them(study, monkeypatch):
    monkeypatch.setattr(concepts_data, "PICTURES", 3)
    assert run(study) == 0
    data = json.loads((study / "concepts.json").read_text())
    assert [len(entry["pictures"]) for entry in data["concepts"]] == [2, 0, 0]
    markup = checked(str(concepts.section(data)))
    assert "1 of 3 concepts" in markup.text
    assert "concept/never.seen" in markup.ids  # its row in the table


def test_a_ranked_image_that_is_not_in_the_manifest_is_one_line(study, capsys):
    write_rows(study / "ranking.csv", RANKING_COLUMNS, [("pond", 1, "gone.png", 1.0, True)])
    assert run(study) == 1
    assert "the manifest lacks the ranked image gone.png" in capsys.readouterr().err
