import numpy as np
import pandas as pd
import pytest

from pipeline_lib.data.manifest import CLASS_COLUMNS, write_rows
from pipeline_lib.localization.extraction import BOX_TABLE_COLUMNS
from pipeline_lib.localization.heuristics import GUESSES
from pipeline_lib.steps.localization import submit
from tests.editing import edit_table

# Sorted by label; the ids are in another order.
CLASSES = [("n01", 490, "tench"), ("n02", 7, "cup"), ("n03", 1000, "kite")]
CLASSES += [("n04", 52, "dog"), ("n05", 300, "fox")]
RANKED = {"b": ["n01", "n02", "n03", "n04", "n05"], "a": ["n03", "n01", "n05", "n02", "n04"]}


def rows(box_method="paper", fits=("loose",), truth=False):
    """Two images, "b" before "a"; the box says where it belongs: x0 the rank, y0 the fit."""
    table = []
    for image, labels in RANKED.items():
        right = 20 if image == "b" else 300
        if truth:
            table += [(image, 0, labels[2], "", fit, 90, 90, 99, 99, box_method) for fit in fits]
        for rank, label in enumerate(labels, 1):
            for n, fit in enumerate(fits):
                table.append((image, rank, label, 0.5**rank, fit, rank, n, right, 50, box_method))
    return table


@pytest.fixture
def folder(tmp_path):
    write_rows(tmp_path / "classes.csv", CLASS_COLUMNS, CLASSES)
    return tmp_path


def run(folder, boxes, *more):
    write_rows(folder / "boxes.csv", BOX_TABLE_COLUMNS, boxes)
    paths = {"boxes": "boxes.csv", "classes": "classes.csv", "out": "out/submission.txt"}
    flags = [item for key, name in paths.items() for item in (f"--{key}", str(folder / name))]
    return submit.main([*flags, *more])


def written(folder, boxes, *more):
    assert run(folder, boxes, *more) == 0
    return (folder / "out" / "submission.txt").read_text()


def refused(folder, boxes, capsys, *more):
    capsys.readouterr()
    assert run(folder, boxes, *more) == 1
    assert not (folder / "out" / "submission.txt").exists()
    (line,) = capsys.readouterr().err.splitlines()
    return line


PLAIN = """\
490 1 0 19 49 7 2 0 19 49 1000 3 0 19 49 52 4 0 19 49 300 5 0 19 49
1000 1 0 299 49 490 2 0 299 49 300 3 0 299 49 7 4 0 299 49 52 5 0 299 49
"""
HEURISTICS = """\
490 1 0 19 49 490 1 1 19 49 7 2 0 19 49 7 2 1 19 49 1000 3 0 19 49
1000 1 0 299 49 1000 1 1 299 49 490 2 0 299 49 490 2 1 299 49 300 3 0 299 49
"""


@pytest.mark.parametrize("fits", [("loose",), ("loose", "tight")])
@pytest.mark.parametrize("truth", [False, True])
def test_the_plain_guesses_are_the_loose_boxes_of_the_five_classes(folder, fits, truth):
    assert written(folder, rows(fits=fits, truth=truth)) == PLAIN


def test_the_heuristics_take_two_boxes_of_two_classes_and_one_of_the_third(folder):
    boxes = rows("authors", ("loose", "tight"), truth=True)
    assert written(folder, boxes, "--guesses", "heuristics") == HEURISTICS


def test_the_order_of_an_images_rows_does_not_matter_but_that_of_the_images_does(folder):
    first, second = rows(fits=("loose", "tight"))[:10], rows(fits=("loose", "tight"))[10:]
    shuffled = first[::-1] + second[3:] + second[:3]
    assert written(folder, shuffled, "--guesses", "heuristics") == HEURISTICS
    swapped = "".join(line + "\n" for line in reversed(PLAIN.splitlines()))
    assert written(folder, second + first) == swapped


def test_half_open_corners_become_inclusive_ones(folder):
    (line,) = written(folder, [("b", 1, "n02", 0.5, "loose", 0, 0, 10, 20, "paper")]).splitlines()
    assert line == "7 0 0 9 19"


@pytest.mark.parametrize(
    ("corners", "expected"),
    [((0.0, 1.0, 10.0, 20.0), "0 1 9 19"), ((0.4, 0.6, 9.6, 20.4), "0 1 9 19")],
)
def test_corners_are_whole_numbers(folder, corners, expected):
    text = written(folder, [("b", 1, "n02", 0.5, "loose", *corners, "paper")])
    assert text == f"7 {expected}\n"


def test_fewer_than_five_classes_are_fewer_guesses(folder):
    assert written(folder, rows()[:2]) == "490 1 0 19 49 7 2 0 19 49\n"


def test_many_images_keep_the_manifests_order(folder):
    names = [f"ILSVRC2012_test_{n:08d}" for n in (3, 1, 2, 100, 20)]
    boxes = [
        (name, rank, f"n0{rank}", 0.1, "loose", n, 0, 50, 50, "paper")
        for n, name in enumerate(names)
        for rank in range(1, 6)
    ]
    lines = written(folder, boxes).splitlines()
    assert [line.split()[1] for line in lines] == ["0", "1", "2", "3", "4"]
    assert {len(line.split()) for line in lines} == {25}


@pytest.mark.parametrize("guesses", ["plain", "heuristics"])
def test_it_is_what_image_by_image_comes_out(folder, guesses):
    rng = np.random.default_rng(3)
    labels, boxes = [row[0] for row in CLASSES], []
    for n in rng.permutation(200):
        ranked = rng.permutation(labels)
        found = [
            (f"i{n}", rank, ranked[rank - 1], 0.1, fit, *rng.uniform(0, 400, 4).round(2), "authors")
            for rank in range(rng.integers(2), 1 + rng.integers(1, 6))
            for fit in ("loose", "tight")
        ]
        boxes += [found[index] for index in rng.permutation(len(found))]
    table = pd.DataFrame(boxes, columns=list(BOX_TABLE_COLUMNS))
    ids, lines = {label: number for label, number, _ in CLASSES}, []
    for image in dict.fromkeys(table["image_id"]):
        words = []
        for rank, fit in GUESSES[guesses]:
            rows = table[
                (table["image_id"] == image) & (table["rank"] == rank) & (table["fit"] == fit)
            ]
            for row in rows.itertuples():
                words += [
                    ids[row[3]],
                    round(row.x0),
                    round(row.y0),
                    round(row.x1) - 1,
                    round(row.y1) - 1,
                ]
        lines += [" ".join(map(str, words)) + "\n"] if words else []
    assert written(folder, boxes, "--guesses", guesses) == "".join(lines)


def test_a_table_that_says_what_it_was_made_from_is_read(folder):
    write_rows(folder / "boxes.csv", BOX_TABLE_COLUMNS, rows())
    edit_table(folder / "boxes.csv", lambda text: '# {"made_from": "0123"}\n' + text)
    flags = ["--boxes", folder / "boxes.csv", "--classes", folder / "classes.csv"]
    assert submit.main([*map(str, flags), "--out", str(folder / "out.txt")]) == 0
    assert (folder / "out.txt").read_text() == PLAIN


def test_a_class_without_an_id_is_refused(folder, capsys):
    boxes = rows() + [("c", 1, "n09", 0.5, "loose", 0, 0, 9, 9, "paper")]
    line = refused(folder, boxes, capsys)
    assert "classes.csv" in line
    assert "n09" in line


def test_heuristics_without_tight_boxes_are_refused(folder, capsys):
    line = refused(folder, rows(), capsys, "--guesses", "heuristics")
    assert "boxes.csv" in line
    assert "tight" in line


@pytest.mark.parametrize("missing", ["boxes.csv", "classes.csv"])
def test_a_missing_table_is_refused_by_name(folder, capsys, missing):
    write_rows(folder / "boxes.csv", BOX_TABLE_COLUMNS, rows())
    (folder / missing).unlink()
    flags = ["--boxes", folder / "boxes.csv", "--classes", folder / "classes.csv"]
    assert submit.main([*map(str, flags), "--out", str(folder / "out.txt")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert missing in line


def test_boxes_of_true_classes_alone_are_refused(folder, capsys):
    true = [row for row in rows(truth=True) if row[1] == 0]
    assert "boxes.csv" in refused(folder, true, capsys)
