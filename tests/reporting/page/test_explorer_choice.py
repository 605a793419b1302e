"""Which images the explorer shows."""

import numpy as np
import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.reporting.page.explorer_choice import Outcomes, choose

N = 40
NETWORKS = ["main", "b", "c", "d"]
IDS = [f"i{n}" for n in range(N)]


def outcomes(**changed):
    """Of rows 2 to 39: the class is right in 20, of these the box in 12; four networks."""
    rows = np.arange(2, N)
    class_is_right = np.isin(rows, range(2, 22))
    box_is_right = np.isin(rows, [*range(2, 14), *range(30, 40)])
    values = {
        "rows": rows,
        "class_is_right": class_is_right,
        "overlap": np.where(box_is_right, 0.5 + rows / 100, rows / 100),
        "box_is_right": box_is_right,
        "wrong_networks": np.where(rows >= 25, 4, 1),
    }
    return Outcomes(**values | changed)


def by_name(groups):
    return {group.name: group for group in groups}


def test_shares_are_equal_and_every_group_holds_what_its_rule_says():
    groups = by_name(choose(outcomes(), IDS, 16, [], NETWORKS))
    assert {name: len(group.rows) for name, group in groups.items()} == {
        "right": 4, "wrong-class": 4, "wrong-box": 4, "hardest": 4,
    }  # fmt: skip
    assert {name: group.total for name, group in groups.items()} == {
        "right": 12, "wrong-class": 18, "wrong-box": 8, "hardest": 38,
    }  # fmt: skip
    assert groups["right"].rows == [3, 6, 9, 12]  # the middles of four stretches of three
    assert groups["wrong-box"].rows == [15, 17, 19, 21]
    assert set(groups["wrong-class"].rows) <= set(range(22, 40))


def test_the_hardest_are_those_that_most_networks_get_wrong_then_those_of_least_overlap():
    groups = by_name(choose(outcomes(), IDS, 16, [], NETWORKS))
    taken = {row for name, group in groups.items() for row in group.rows if name != "hardest"}
    ranked = [row for row in [25, 26, 27, 28, 29, *range(30, 40)] if row not in taken]
    assert groups["hardest"].rows == ranked[:4]
    assert "most of the 4 networks get wrong" in groups["hardest"].rule


def test_no_image_is_shown_twice_and_empty_places_go_to_the_hardest():
    none_right = outcomes(class_is_right=np.zeros(38, bool))
    groups = by_name(choose(none_right, IDS, 12, [], NETWORKS))
    assert [len(group.rows) for group in groups.values()] == [0, 3, 0, 9]
    every = [row for group in groups.values() for row in group.rows]
    assert len(set(every)) == 12
    everything = choose(outcomes(), IDS, 200, [], NETWORKS)
    rows = sorted(row for group in everything for row in group.rows)
    assert rows == list(range(2, 40))


def test_named_images_come_first_also_those_without_ground_truth_and_are_not_counted():
    groups = choose(outcomes(), IDS, 8, ["i39", "i0", "i39"], NETWORKS)
    assert groups[0].name == "named"
    assert groups[0].rows == [39, 0]
    assert sum(len(group.rows) for group in groups[1:]) == 8
    assert all(39 not in group.rows for group in groups[1:])
    with pytest.raises(InputError, match=r"report\.named_images: 'i40' is not an image_id"):
        choose(outcomes(), IDS, 8, ["i40"], NETWORKS)


def test_the_choice_is_the_same_each_time_and_none_is_allowed():
    assert choose(outcomes(), IDS, 16, ["i5"], NETWORKS) == choose(
        outcomes(), IDS, 16, ["i5"], NETWORKS
    )
    assert not any(group.rows for group in choose(outcomes(), IDS, 0, [], NETWORKS))
    empty = outcomes(**{key: np.array([], int) for key in Outcomes.__dataclass_fields__})
    empty = Outcomes(
        **{k: v.astype(bool if "right" in k else float) for k, v in vars(empty).items()}
    )
    assert not any(group.rows for group in choose(empty, IDS, 16, [], NETWORKS))
