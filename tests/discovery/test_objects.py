"""The table of objects: its intervals against a plain bootstrap, its lists, and its settings."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.discovery.objects import (
    HighlightSettings,
    ObjectOverlap,
    highest_lift,
    highlight_settings,
    most_frequent,
    most_overlapped,
    read_objects,
    tabulate_objects,
)

SETTINGS = HighlightSettings(
    threshold=0.2,
    min_overlap_fraction=0.25,
    interpolation="bilinear",
    grid=56,
    min_overlap_rate=0.1,
)


def test_intervals_are_those_of_a_plain_bootstrap():
    rng = np.random.default_rng(0)
    n, draws = 60, 4000
    present = rng.random(n) < 0.7
    chance = np.where(present, rng.uniform(0.1, 0.5, n), 0)
    hit = present & (rng.random(n) < 0.6)
    overlaps = [
        ObjectOverlap("a", int(i), "sink", bool(hit[i]), float(chance[i]))
        for i in np.flatnonzero(present)
    ]
    overlaps.append(ObjectOverlap("a", 3, "towel", False, 0.0))
    images_of = {"a": np.arange(n), "none": np.array([], int)}
    table = tabulate_objects(overlaps, images_of, SETTINGS, draws=draws, seed=0)
    row = table.set_index("object").loc["sink"]
    sample = rng.integers(n, size=(draws, n))
    expected = {
        "frequency": present[sample].mean(1),
        "overlap": hit[sample].mean(1),
        "chance": chance[sample].mean(1),
        "lift": hit[sample].mean(1) / chance[sample].mean(1),
        "share": hit[present][rng.integers(present.sum(), size=(draws, present.sum()))].mean(1),
    }
    for measure, values in expected.items():
        low, high = np.quantile(values, (0.025, 0.975))
        spread = high - low
        assert row[f"{measure}_low"] == pytest.approx(low, abs=0.15 * spread), measure
        assert row[f"{measure}_high"] == pytest.approx(high, abs=0.15 * spread), measure
    assert row["lift"] == pytest.approx(hit.mean() / chance.mean())
    towel = table.set_index("object").loc["towel"]
    assert towel[["lift", "lift_low", "lift_high"]].isna().all()
    assert set(table["category"]) == {"a"}


def test_lists_are_ranked_and_rare_objects_have_no_lift():
    table = pd.DataFrame(
        {
            "object": ["wall", "sink", "duck", "air"],
            "frequency": [1, 0.8, 0.05, 0.5],
            "overlap": [0.9, 0.7, 0.05, 0],
            "lift": [1, 2, 9, 0],
            "min_overlap_rate": 0.1,
        }
    )
    assert most_frequent(table, 2)["object"].tolist() == ["wall", "sink"]
    assert most_overlapped(table, 9)["object"].tolist() == ["wall", "sink", "duck"]
    assert highest_lift(table, 9)["object"].tolist() == ["sink", "wall"]


def test_the_table_has_the_settings_it_was_measured_with(tmp_path):
    overlaps = [ObjectOverlap("a", 0, name, True, 0.0) for name in ("sink", "wall")]
    path = tmp_path / "objects.csv"
    write_csv(path, tabulate_objects(overlaps, {"a": np.arange(2)}, SETTINGS, draws=5, seed=0))
    table = read_objects(path)
    assert highlight_settings(table) == SETTINGS
    assert table["lift"].isna().all()  # empty in the file
    write_csv(path, table.iloc[:0])
    with pytest.raises(InputError, match=r"objects\.csv: lists no object"):
        read_objects(path)
