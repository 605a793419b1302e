"""Two planted runs compared: known changes, intervals against a brute-force bootstrap, directions."""

import numpy as np
import pandas as pd
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import write_csv
from pipeline_lib.reporting.claims.judge import CLAIM_COLUMNS
from pipeline_lib.reporting.comparison.compare import as_rows, compare, said_of_chance
from pipeline_lib.reporting.comparison.folders import names_of, output_folder, require_runs
from pipeline_lib.reporting.comparison.run import read_run
from pipeline_lib.reporting.comparison.settings import claims_that_differ, settings_that_differ
from pipeline_lib.reporting.tables.columns import LAYOUTS, higher_is_better
from tests.planted_runs import plant_run

TOP_1 = ("net", "top-1")
SMALL = {
    "study": "small",
    "networks": {"resnet50": None},
    "figures": {"network": "resnet50", "baseline": "resnet50"},
}


def wrong_of(rate, n=400, seed=0):
    return np.random.default_rng(seed).random(n) < rate


def flipped(values, count, seed=0):
    values = values.copy()
    chosen = np.random.default_rng(seed).choice(np.flatnonzero(~values), count, replace=False)
    values[chosen] = True
    return values


def run_of(folder, tables, configuration=None, **kinds):
    """A planted run, as it is read; its configuration is that of its graph.json."""
    record = {"configuration": configuration} if configuration else None
    return read_run(plant_run(folder, tables, **kinds), folder.name, record)


def compared(tmp_path, ones, others, **kinds):
    """The cells of two planted runs by (table, row, metric)."""
    of_a, of_b = kinds.pop("a", {}), kinds.pop("b", {})
    a = run_of(tmp_path / "a", ones, **of_a, **kinds)
    b = run_of(tmp_path / "b", others, **of_b, **kinds)
    return {(cell.table, cell.row, cell.metric): cell for cell in compare(a, b)}


def test_paired_interval_is_that_of_a_bootstrap_over_images(tmp_path):
    before = wrong_of(0.4)
    after = flipped(before, 25)
    after[np.flatnonzero(before)[:8]] = False
    cells = compared(tmp_path, {"table2": {TOP_1: before}}, {"table2": {TOP_1: after}})
    cell = cells["table2", *TOP_1]
    change = after.astype(float) - before
    rng = np.random.default_rng(1)
    draws = [100 * rng.choice(change, len(change)).mean() for _ in range(4000)]
    assert (cell.paired, cell.n, cell.state) == (True, 400, "worse")
    assert cell.difference == pytest.approx(100 * change.mean())
    assert (cell.low, cell.high) == pytest.approx(
        tuple(np.quantile(draws, [0.025, 0.975])), abs=0.3
    )


def test_a_change_that_pairs_show_is_not_seen_without_them(tmp_path):
    before = wrong_of(0.4)
    tables = {"table2": {TOP_1: before}}, {"table2": {TOP_1: flipped(before, 15)}}
    with_pairs = compared(tmp_path / "with", *tables)["table2", *TOP_1]
    without = compared(tmp_path / "without", *tables, by_image=False)["table2", *TOP_1]
    assert with_pairs.state == "worse"
    assert (without.state, without.paired) == ("no change beyond the interval", False)
    assert without.why == "not paired: no scores by image"
    assert without.difference == pytest.approx(with_pairs.difference)


@pytest.mark.parametrize(
    ("table", "metric", "state"),
    [
        ("table1", "top-5", "worse"),
        ("table2", "top-1", "worse"),
        ("table2", "GT-known", "worse"),
        ("table2", "MaxBoxAccV2", "better"),
        ("table4", "accuracy", "better"),
        ("table5", "SUN397", "better"),
        ("measures", "measured", "better"),
        ("measures", "baseline", "higher"),
        ("a table of another version", "x", "higher"),
    ],
)
def test_a_higher_number_is_better_or_worse_by_its_metric(tmp_path, table, metric, state):
    low, high = wrong_of(0.2), wrong_of(0.7, seed=1)
    cells = compared(tmp_path, {table: {("net", metric): low}}, {table: {("net", metric): high}})
    assert [cell.state for cell in cells.values()] == [state]
    opposite = {"worse": "better", "better": "worse", "higher": "lower"}[state]
    back = compared(
        tmp_path / "back", {table: {("net", metric): high}}, {table: {("net", metric): low}}
    )
    assert [cell.state for cell in back.values()] == [opposite]


def test_each_column_of_the_layouts_has_a_direction():
    directions = {
        (table, column.label): higher_is_better(table, column.label)
        for table, layout in LAYOUTS.items()
        for column in layout.columns
    }
    assert {key for key, value in directions.items() if value} == {("table2", "MaxBoxAccV2")}
    assert None not in directions.values()


def test_identical_images_are_the_same_and_equal_means_of_others_are_not(tmp_path):
    values = wrong_of(0.4)
    swapped = values.copy()
    swapped[[np.flatnonzero(values)[0], np.flatnonzero(~values)[0]]] = [False, True]
    ones = {"table2": {TOP_1: values, ("net", "top-5"): values}}
    others = {"table2": {TOP_1: values, ("net", "top-5"): swapped}}
    cells = compared(tmp_path, ones, others)
    assert cells["table2", "net", "top-1"].state == "the same"
    assert cells["table2", "net", "top-5"].state == "no change beyond the interval"
    assert cells["table2", "net", "top-5"].difference == 0
    numbers = compared(tmp_path / "numbers", ones, ones, by_image=False)
    assert {cell.state for cell in numbers.values()} == {"the same"}


def test_cells_of_one_run_say_why_the_other_has_none(tmp_path):
    values = wrong_of(0.4)
    ones = {
        "table2": {TOP_1: values, ("net", "top-5"): values},
        "table4": {("x", "accuracy"): values},
    }
    others = {"table2": {TOP_1: "its job failed"}, "table5": {("x", "SUN397"): values}}
    cells = compared(tmp_path, ones, others)
    assert {key: (cell.state, cell.why) for key, cell in cells.items()} == {
        ("table2", "net", "top-1"): ("only in a", "its job failed"),
        ("table2", "net", "top-5"): ("only in a", "b has no such row or column"),
        ("table4", "x", "accuracy"): ("only in a", "b has no table4"),
        ("table5", "x", "SUN397"): ("only in b", "a has no table5"),
    }


def test_other_images_are_not_paired(tmp_path):
    values = {"table2": {TOP_1: wrong_of(0.4)}}
    names = [f"other {number}" for number in range(400)]
    cell = compared(tmp_path, values, values, b={"ids": names})["table2", *TOP_1]
    assert (cell.paired, cell.why) == (False, "not paired: not the same images")
    world = {"world": {"train_images": 9, "val_images": 9, "seed": 0}, "networks": {"NIN": None}}
    world |= {"figures": {"network": "NIN", "baseline": "NIN"}}
    seeds = [
        {"configuration": world | {"world": world["world"] | {"seed": seed}}} for seed in (0, 1)
    ]
    cell = compared(tmp_path / "seeds", values, values, a=seeds[0], b=seeds[1])["table2", *TOP_1]
    assert (cell.paired, cell.why) == (False, "not paired: not the same images (world.seed)")
    more = {"configuration": world | {"world": world["world"] | {"train_images": 99}}}
    cell = compared(tmp_path / "more", values, values, a=seeds[0], b=more)["table2", *TOP_1]
    assert cell.paired


def test_changes_come_first_and_chance_is_counted(tmp_path):
    base = wrong_of(0.4)
    change = {"small": flipped(base, 30), "none": base, "large": flipped(base, 90)}
    change["within"] = flipped(base, 2)
    ones = {"table2": {(row, "top-1"): base for row in change}}
    others = {"table2": {(row, "top-1"): values for row, values in change.items()}}
    cells = list(compared(tmp_path, ones, others).values())
    assert [cell.row for cell in cells] == ["large", "small", "within", "none"]
    assert said_of_chance(cells).startswith(
        "Of 3 cells that are not identical, 5 % (less than one)"
    )
    assert said_of_chance(cells[3:]) == ""
    assert as_rows(cells)["state"].tolist()[2:] == ["no change beyond the interval", "the same"]


def test_a_table_by_image_that_does_not_make_the_number_is_refused(tmp_path):
    tables = {"table2": {TOP_1: wrong_of(0.4)}}
    a = plant_run(tmp_path / "a", tables)
    b = plant_run(tmp_path / "b", tables)
    other = pd.DataFrame({"image_id": range(400), "value": wrong_of(0.9).astype(float)})
    write_csv(b / "scores/table2-0.images.csv", other)
    with pytest.raises(InputError, match=r"table2-0.images.csv: 'value' has a mean of"):
        compare(read_run(a, "a"), read_run(b, "b"))


def test_settings_that_differ_include_defaults(tmp_path):
    with_boxes = SMALL | {
        "boxes": {"threshold": 0.3},
        "networks": {"resnet50": None, "vgg16": None},
    }
    tables = {"table2": {TOP_1: wrong_of(0.4)}}
    a = run_of(tmp_path / "a", tables, SMALL)
    b = run_of(tmp_path / "b", tables, with_boxes)
    assert settings_that_differ(a, b) == [
        ("networks.vgg16", "-", "not set"),
        ("boxes.threshold", "0.2", "0.3"),
    ]
    assert settings_that_differ(a, a) == []


def test_claims_whose_state_differs(tmp_path):
    def claims(state, difference):
        gap = ("gap", "1", "GAP is better", state)
        other = ("other", "2", "never changes", "holds")
        rows = [
            (*gap, state, "a", "b", "below 0", difference, -3, 1, True, 9, 1, "", "", ""),
            (*other, "holds", "c", "d", "below 0", -1, -2, -1, True, 9, 1, "", "", ""),
        ]
        return pd.DataFrame(rows, columns=list(CLAIM_COLUMNS))

    tables = {"table2": {TOP_1: wrong_of(0.4)}}
    a, b = (
        read_run(plant_run(tmp_path / name, tables, claims=claims(state, difference)), name)
        for name, state, difference in (("a", "holds", -2), ("b", "undecided", -1))
    )
    assert claims_that_differ(a, b) == [
        ("GAP is better", "1", "holds", "undecided",
         [("(a) - (b) below 0", "-2.0 [-3.0, +1.0]", "-1.0 [-3.0, +1.0]")])
    ]  # fmt: skip
    without = read_run(plant_run(tmp_path / "without", tables), "without")
    assert claims_that_differ(a, without) is None


def test_folders_are_named_by_what_tells_them_apart(tmp_path):
    assert names_of(tmp_path / "x", tmp_path / "y") == ("x", "y")
    assert names_of(tmp_path / "x/small", tmp_path / "y/small") == ("x/small", "y/small")
    folder = output_folder("results", tmp_path / "x/{s}mall$", tmp_path / "y/small")
    assert folder == "results/compare/_s_mall_-small"


def test_folders_that_cannot_be_compared_are_one_line(tmp_path):
    run = plant_run(tmp_path / "run", {"table2": {TOP_1: wrong_of(0.4)}})
    (tmp_path / "link").symlink_to(run)
    (tmp_path / "empty").mkdir()
    for other, line in {
        "nowhere": "nowhere: no such folder",
        "empty": r"empty: has no tables/\*.csv",
        "link": "are the same folder",
    }.items():
        with pytest.raises(InputError, match=line):
            require_runs(run, tmp_path / other)
