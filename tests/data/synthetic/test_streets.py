"""The synthetic SVT: words are where the annotations say."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline_lib.data.discovery.words import read_text
from pipeline_lib.data.synthetic.discovery import write_discovery


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("streets")
    write_discovery(folder, "text", seed=0, processes=2)
    return folder


def test_its_reader_reads_it(root):
    image_set = read_text(root)
    labels = [row[2] for row in image_set.images]
    assert labels.count("text") == labels.count("") == 140
    assert "beyond" not in " ".join(image_set.summary.notes)
    sizes = {row[0]: row[3:5] for row in image_set.images if row[2]}
    for name, size in list(sizes.items())[:20]:
        assert Image.open(root / name).size == size


def test_words_are_what_changes_most_in_a_picture(root):
    contrasts = []
    for name, _, *box in read_text(root).boxes[:40]:
        x0, y0, x1, y1 = map(int, box)
        gray = np.asarray(Image.open(root / name).convert("L"), float)
        contrasts.append(gray[y0:y1, x0:x1].std() / gray.std())
    assert np.median(contrasts) > 1.5
