"""The reason of an error, in one line of plain text."""

import pytest

from pipeline_lib.common.errors import reason_of


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("wrong"), "wrong"),
        (ValueError("\n\n first \nsecond"), "first"),
        (IndexError(), "IndexError"),
        (ValueError(" \n "), "ValueError"),
        (RuntimeError("\x1b[1;31mred\x1b[0m"), "red"),
        (KeyError("key"), "'key'"),
        (ValueError("x" * 160), "x" * 160),
        (ValueError("x" * 161), "x" * 159 + "…"),
    ],
)
def test_a_reason_is_the_first_line_that_says_anything(error, reason):
    assert reason_of(error) == reason
