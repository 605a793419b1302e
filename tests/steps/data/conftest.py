"""A folder in every layout that the step index reads."""

import os
import shutil

import pytest

from pipeline_lib.data.places205 import IMAGES, LISTS
from pipeline_lib.steps.data import synthesize
from tests.steps.data.layouts import TRANSFER, plant


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """Return a function that draws a synthetic layout, once."""
    folder, done = tmp_path_factory.mktemp("drawn"), {}

    def draw(layout):
        if layout not in done:
            done[layout] = folder / layout
            counts = {
                "ilsvrc": ("--train-images", "24", "--val-images", "20", "--test-images", "12")
            }
            argv = ["--layout", layout, *counts.get(layout, ()), "--out", str(done[layout])]
            assert synthesize.main(argv) == 0
        return done[layout]

    return draw


@pytest.fixture
def root(request, tmp_path, drawn, sets):
    """A copy of a layout's folder, whose files may be replaced but not changed."""
    layout, root = request.getfixturevalue("layout"), tmp_path / "root"
    if layout == "photographs":
        plant(root, [f"{number}.jpg" for number in range(20)])
    elif layout == "places205-val":
        names = [f"a/abbey/{number}.jpg" for number in range(20)]
        plant(root / IMAGES, names)
        (root / LISTS).mkdir()
        lines = [f"{name} 0" for name in [*names, "a/abbey/absent.jpg"]]
        (root / LISTS / "val_places205.csv").write_text("\n".join(lines))
    elif layout == "concepts-table":
        plant(root, [f"{number}.jpg" for number in range(20)])
        (root / "captions.tsv").write_text("".join(f"{n}.jpg\tnumber {n}\n" for n in range(20)))
    else:
        where = "ilsvrc" if layout.startswith("ilsvrc") else layout
        source = sets / TRANSFER[layout] if layout in TRANSFER else drawn(where)
        shutil.copytree(source, root, copy_function=os.link)
    return root
