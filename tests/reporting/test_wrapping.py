"""Texts broken into lines, against the widths that Matplotlib draws."""

from itertools import pairwise

import matplotlib
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

from pipeline_lib.reporting.figures.pictures import STYLE
from pipeline_lib.reporting.figures.wrapping import wrapped
from tests.reporting.drawn_texts import AWKWARD


def drawn_width(words, size, bold):
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    return RendererAgg(10, 10, 110).get_text_width_height_descent(words, font, False)[0] / 110


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("width", [0.5, 1.3, 4])
@pytest.mark.parametrize("text", AWKWARD)
def test_every_line_fits_and_nothing_is_lost_where_there_is_room(text, width, bold):
    with matplotlib.rc_context(STYLE):
        lines = wrapped(text, width, 9, bold=bold, lines=99)
        assert all(drawn_width(line, 9, bold) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("text", AWKWARD)
def test_what_has_no_room_becomes_an_ellipsis(text, count):
    with matplotlib.rc_context(STYLE):
        whole = wrapped(text, 1, 9, lines=99)
        lines = wrapped(text, 1, 9, lines=count)
        assert all(drawn_width(line, 9, False) <= 1 for line in lines)
    assert len(lines) == min(count, len(whole))
    assert lines[-1].endswith("…") == (len(whole) > count)
    assert lines[:-1] == whole[: len(lines) - 1]


def test_a_line_is_as_full_as_can_be():
    with matplotlib.rc_context(STYLE):
        lines = wrapped(AWKWARD[0], 1.5, 9, lines=99)
        for line, following in pairwise(lines):
            assert drawn_width(f"{line} {following.split()[0]}", 9, False) > 1.4


def test_no_words_are_no_line():
    assert wrapped("  ", 1, 9) == []
