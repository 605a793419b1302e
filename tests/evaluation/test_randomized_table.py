"""The table of the randomization test, and reading it."""

import numpy as np
import pytest

from pipeline_lib.data.manifest import write_csv
from pipeline_lib.evaluation.randomized_table import (
    RANDOMIZED_COLUMNS,
    read_agreement,
    summarise_agreement,
)


def test_the_table_has_means_intervals_and_reasons(tmp_path):
    layers = ["head", "conv2", "conv1"]
    values = np.random.default_rng(0).uniform(size=(30, 3, 2))
    nothing = np.full((30, 3, 2), np.nan)
    table = summarise_agreement(
        "net", {"cam": values, "grad-cam": nothing}, layers, {"x": "cannot; choose another"}
    )
    assert tuple(table.columns) == RANDOMIZED_COLUMNS
    cam = table[table["method"] == "cam"].set_index(["measure", "stage"])
    for k, measure in enumerate(("rank correlation", "SSIM")):
        for stage in (1, 2, 3):
            row = cam.loc[measure, stage]
            assert row["mean"] == pytest.approx(values[:, stage - 1, k].mean())
            assert row["low"] < row["mean"] < row["high"]
            assert row["layer"] == layers[stage - 1]
    write_csv(tmp_path / "t.csv", table)
    read = read_agreement(tmp_path / "t.csv")
    notes = read[read["n"] == 0].set_index("method")
    assert notes["note"].to_dict() == {
        "grad-cam": "its maps of these images are constant", "x": "cannot; choose another"
    }  # fmt: skip
    assert read.loc[read["n"] > 0, "mean"].notna().all()
    assert set(notes["stage"]) == {-1}
