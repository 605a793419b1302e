import pytest

from pipeline_lib.common.columns import cut, duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0:00"), (59.6, "1:00"), (754, "12:34"), (3599.4, "59:59"), (3660, "1 h 01 min")],
)
def test_durations_read_like_a_clock(seconds, words):
    assert duration(seconds) == words


def test_what_has_no_room_is_cut():
    assert cut("12345", 5) == "12345"
    assert cut("123456", 5) == "12..."
