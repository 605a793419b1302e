"""Letters in figures: those that the default font lacks come from another, or are named in one line."""

import warnings

import matplotlib
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from PIL import Image

from pipeline_lib.reporting.figures import letters
from pipeline_lib.reporting.figures.pictures import STYLE, save


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a font whose letters are black squares."""
    monkeypatch.setattr(fontManager, "ttflist", list(fontManager.ttflist))

    def make(family, characters):
        pen = TTGlyphPen(None)
        pen.moveTo((0, 0))
        for corner in ((0, 900), (900, 900), (900, 0)):
            pen.lineTo(corner)
        pen.closePath()
        names = [".notdef", "square"]
        font = FontBuilder(1000, isTTF=True)
        font.setupGlyphOrder(names)
        font.setupCharacterMap({ord(each): "square" for each in characters})
        font.setupGlyf(dict.fromkeys(names, pen.glyph()))
        font.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
        font.setupHorizontalHeader(ascent=900, descent=-100)
        font.setupNameTable({"familyName": family, "styleName": "Regular"})
        font.setupOS2()
        font.setupPost()
        font.save(tmp_path / f"{family}.ttf")
        fontManager.addfont(tmp_path / f"{family}.ttf")

    return make


@pytest.fixture
def drawn(tmp_path, package_log):
    """Return a function that saves a figure with texts; it returns the texts' fonts and the log."""

    def draw(*words):
        with matplotlib.rc_context(STYLE):
            figure = Figure((4, 2))
            texts = [
                figure.text(0.1, 0.1 + 0.3 * n, word, fontweight="bold")
                for n, word in enumerate(words)
            ]
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                save(figure, tmp_path / "figure.png", {}, "words")
        said = [r.getMessage() for r in package_log.records if r.name == letters.log.name]
        return [text.get_fontfamily() for text in texts], said

    return draw


def test_letters_of_the_default_font_need_no_other(drawn):
    fonts, lines = drawn("Größe, Ω, привет, مرحبا\n$x_1$ \N{VARIATION SELECTOR-16}", "plain")
    assert fonts == [["DejaVu Sans"]] * 2
    assert lines == []


def test_a_letter_that_it_lacks_comes_from_an_installed_font(drawn, install, tmp_path):
    install("Some Kanji", "中")
    install("More Kanji", "中文日本")
    fonts, lines = drawn("plain", "dog 中文")
    assert fonts == [["DejaVu Sans"], ["DejaVu Sans", "More Kanji"]]
    assert lines == []
    with Image.open(tmp_path / "figure.png") as image:
        black = (np.asarray(image.convert("L")) == 0).sum()
    assert black > 300  # two black squares of 9 points at 130 dpi


def test_letters_of_two_scripts_come_from_two_fonts(drawn, install):
    install("Some Kanji", "中文")
    install("Some Hangul", "한국")
    fonts, lines = drawn("中文 한국")
    assert fonts == [["DejaVu Sans", "Some Hangul", "Some Kanji"]]
    assert lines == []


def test_letters_that_no_font_has_are_named_in_one_line(drawn, install, tmp_path):
    install("Some Kanji", "中")
    fonts, lines = drawn("中文字", "文 \U0001faff")
    assert fonts[0] == ["DejaVu Sans", "Some Kanji"]
    (line,) = lines
    assert line == (
        f"{tmp_path / 'figure.png'}: no installed font has 字文\U0001faff: drawn as boxes; "
        "install one that has"
    )


def test_a_line_shows_twenty_letters(drawn):
    _, (line,) = drawn("".join(map(chr, range(0x4E00, 0x4E40))))
    assert "".join(map(chr, range(0x4E00, 0x4E14))) + "…: drawn" in line
