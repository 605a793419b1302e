"""The ids of the page's elements."""

import re

from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.reporting.page.anchors import anchor


def test_ids_are_readable_where_names_are_plain():
    assert anchor("unit", "n01440764", 45) == "unit/n01440764/45"
    assert anchor("concept", "red barn") == "concept/red.barn"
    assert len({anchor("a", "b/c"), anchor("a", "b", "c"), anchor("a/b", "c")}) == 3


@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_ids_are_valid_and_told_apart(first, second):
    ids = [anchor("x", *parts) for parts in (first, second)]
    for each in ids:
        assert re.fullmatch(r"[A-Za-z0-9_.~/-]+", each)  # unreserved in links, no space
    assert (ids[0] == ids[1]) == (first == second)


@given(
    st.text(alphabet="-~._/ aé", min_size=0, max_size=4), st.text(alphabet="-~._/ aé", max_size=4)
)
def test_texts_of_the_signs_that_ids_use_are_told_apart(first, second):
    assert (anchor("x", first) == anchor("x", second)) == (first == second)
