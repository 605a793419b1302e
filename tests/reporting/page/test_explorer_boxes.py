"""The explorer's arithmetic in Node, against the library's."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from pipeline_lib.evaluation.ilsvrc import best_overlap
from pipeline_lib.localization.authors_box import authors_boxes
from pipeline_lib.localization.heat_maps import upsample
from pipeline_lib.localization.paper_box import paper_box
from pipeline_lib.reporting.page.explorer import SCRIPTS
from pipeline_lib.reporting.page.explorer_data import quantized

SIZES = [(14, 14, 227, 227), (7, 7, 500, 375), (13, 13, 31, 160), (1, 1, 20, 10), (6, 9, 9, 6),
         (12, 12, 5, 7), (3, 17, 17, 3), (14, 14, 28, 28)]  # fmt: skip


@pytest.fixture
def in_node():
    """A function that gives a value to a JavaScript expression of ``given`` and returns its value.

    Lists of numbers that are not finite are written as null in JSON, and read as NaN.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: nothing runs the page's JavaScript")

    def evaluate(expression, given):
        program = (
            f"require({json.dumps(str(SCRIPTS[0]))});"
            "const C = globalThis.CamExplorer;"
            "const map = ({values, height, width}) => "
            "({values: Float32Array.from(values.map((v) => v ?? NaN)), height, width});"
            "const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
            f"process.stdout.write(JSON.stringify({expression}));"
        )
        done = subprocess.run(
            [node, "-e", program], input=json.dumps(given), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return evaluate


def as_json(heat):
    values = [float(v) if np.isfinite(v) else None for v in heat.ravel().astype(np.float32)]
    return {"values": values, "height": heat.shape[0], "width": heat.shape[1]}


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "nearest"])
def test_maps_are_upsampled_as_in_the_library(in_node, interpolation):
    rng = np.random.default_rng(0)
    maps = [rng.normal(2, 3, (h, w)).astype(np.float32) for h, w, _, _ in SIZES]
    cases = [[as_json(map_), *size[2:]] for map_, size in zip(maps, SIZES, strict=True)]
    expression = (
        f"given.map(([m, h, w]) => Array.from(C.resize(map(m), w, h, '{interpolation}').values))"
    )
    for map_, size, got in zip(maps, SIZES, in_node(expression, cases), strict=True):
        height, width = size[2:]
        expected = upsample(map_, width, height, interpolation)
        difference = np.abs(np.array(got).reshape(height, width) - expected)
        assert difference.max() <= 1e-5 * np.abs(map_).max()


@pytest.mark.parametrize("low, high", [(0, 1), (-3, 900), (1e-7, 2e-7), (-5, -1), (4, 4), (-1, 0)])
def test_stored_maps_are_decoded_to_a_ten_thousandth_of_their_range(in_node, low, high):
    plane = np.random.default_rng(0).uniform(low, high, (9, 11)).astype(np.float32)
    plane.flat[:2] = low, high
    got = in_node("Array.from(C.decodeMap(given, 11, 9).values)", quantized(plane, 16))
    got = np.array(got, np.float32).reshape(9, 11)
    assert np.abs(got - plane).max() <= 1e-4 * max(high - low, 1e-12)
    assert got.max() == plane.max()  # its sign decides whether there is a box at all
    assert got.min() == plane.min()


def test_a_map_that_is_not_finite_is_stored_as_such(in_node):
    plane = np.array([[1, np.nan], [np.inf, 0]], np.float32)
    expression = "C.paperBox(C.resize(C.decodeMap(given, 2, 2), 30, 20, 'bilinear'), 0.2)"
    assert in_node(expression, quantized(plane, 16)) == [0, 0, 30, 20]


def heats(seed, count=60):
    """Heat maps with plateaus, holes, ties, and those without a maximum."""
    rng = np.random.default_rng(seed)
    made = []
    for n in range(count):
        height, width = rng.integers(4, 90, 2)
        coarse = rng.random(rng.integers(1, 12, 2)) ** rng.integers(1, 6)
        interpolation = ("bilinear", "bicubic", "nearest")[n % 3]
        made.append(upsample(coarse, int(width), int(height), interpolation))
    blocks = np.zeros((60, 60), np.float32)
    for y, x in [(4, 4), (4, 34), (34, 4)]:
        blocks[y : y + 20, x : x + 20] = 1
        blocks[y + 6 : y + 14, x + 6 : x + 14] = 0  # boxes of one size, each with a hole
    noise = rng.normal(0, 1, (50, 70)).astype(np.float32)
    special = [np.zeros((9, 12)), -np.ones((9, 12)), np.ones((30, 20)), np.eye(40), blocks, noise]
    infinite = np.ones((8, 8), np.float32)
    infinite[2, 3] = np.inf
    return [heat.astype(np.float32) for heat in [*made, *special, infinite]]


def test_the_papers_boxes_are_the_librarys(in_node):
    cases = [(heat, t) for heat in heats(1) for t in (0.0, 0.2, 0.55, 0.9)]
    given = [[as_json(heat), threshold] for heat, threshold in cases]
    got = in_node("given.map(([m, t]) => C.paperBox(map(m), t))", given)
    expected = [list(paper_box(heat, threshold)) for heat, threshold in cases]
    assert [n for n, box in enumerate(got) if box != expected[n]] == []


def test_the_authors_boxes_are_the_librarys_in_the_same_order(in_node):
    cases = heats(2, 150)
    got = in_node("given.map((m) => C.authorsBoxes(map(m)))", [as_json(heat) for heat in cases])
    expected = [[list(box) for box in authors_boxes(heat)] for heat in cases]
    assert [n for n, boxes in enumerate(got) if boxes != expected[n]] == []
    assert max(map(len, got)) > 5


def test_large_maps_give_the_same_boxes(in_node):
    """As large as a photograph: whole numbers must not overflow, and distances stay exact."""
    heat = upsample(np.random.default_rng(3).random((14, 14)), 1500, 1100, "bilinear")
    expression = (
        "given.map((m) => C.resize(map(m), 1500, 1100, 'bilinear'))"
        ".map((m) => [C.paperBox(m, 0.4), ...C.looseAndTight(m)])[0]"
    )
    got = in_node(expression, [as_json(np.random.default_rng(3).random((14, 14)))])
    loose, tight = authors_boxes(heat)[:2]
    for box, expected in zip(got, [paper_box(heat, 0.4), loose, tight], strict=True):
        assert best_overlap(np.array([box]), np.array([expected]))[0] > 0.995


def test_overlaps_are_the_librarys(in_node):
    rng = np.random.default_rng(4)
    corners = rng.integers(0, 50, (200, 4, 2))
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    cases = [(box, boxes[rng.integers(0, 200, n % 4)]) for n, box in enumerate(boxes)]
    given = [[box.tolist(), others.tolist()] for box, others in cases]
    got = in_node("given.map(([box, others]) => C.bestIou(box, others))", given)
    expected = [best_overlap(box[None], others.reshape(-1, 4))[0] for box, others in cases]
    assert got == pytest.approx(expected, abs=1e-12)
