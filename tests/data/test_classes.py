import subprocess
import sys

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.classes import (
    ClassNames,
    classes_by_name,
    imagenet_labels,
    read_class_names,
    read_labels,
    short_name,
)
from pipeline_lib.data.manifest import CLASS_COLUMNS, write_rows

# places in the scores of any ImageNet network, as the world knows them
KNOWN = {
    0: ("n01440764", "tench"),
    1: ("n01443537", "goldfish"),
    65: ("n01751748", "sea snake"),
    281: ("n02123045", "tabby"),
    388: ("n02510455", "giant panda"),
    999: ("n15075141", "toilet tissue"),
}


def test_imagenet_has_a_thousand_labels_in_sorted_order():
    labels = imagenet_labels()
    assert len(labels) == len(set(labels)) == 1000
    assert labels == sorted(labels)
    assert all(len(label) == 9 and label[0] == "n" and label[1:].isdigit() for label in labels)


@pytest.mark.parametrize("place", KNOWN)
def test_known_classes_are_at_their_place_and_have_their_name(place):
    label, name = KNOWN[place]
    assert imagenet_labels()[place] == label
    assert short_name(read_class_names([]), label) == name


def test_without_a_classes_file_every_imagenet_class_has_a_name():
    names = read_class_names([])
    assert all(names[label] not in ("", label) for label in imagenet_labels())


def test_names_from_a_classes_file_go_over_imagenets(tmp_path):
    path = tmp_path / "classes.csv"
    rows = [("n01440764", 1, "red square, quadrate"), ("n99999999", 2, "NA")]
    write_rows(path, CLASS_COLUMNS, rows)
    names = read_class_names([path])
    assert names["n01440764"] == "red square, quadrate"
    assert names["n99999999"] == "NA"
    assert names["n01443537"].startswith("goldfish")
    assert read_class_names([])["n01440764"].startswith(
        "tench"
    )  # nothing is remembered from one call


def test_names_that_are_given_are_found_without_importing_timm(tmp_path):
    path = tmp_path / "classes.csv"
    write_rows(path, CLASS_COLUMNS, [("n01440764", 1, "red square")])
    code = (
        "import sys; from pathlib import Path; from pipeline_lib.data.classes import read_class_names;"
        "print(read_class_names([Path(sys.argv[1])])['n01440764'], 'timm' in sys.modules)"
    )
    asked = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert asked.stdout.split() == ["red", "square", "False"]


def test_a_missing_classes_file_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"absent\.csv: not found"):
        read_class_names([tmp_path / "absent.csv"])


def test_a_short_name_is_the_first_synonym_or_else_the_label():
    names = ClassNames({"n1": "tench, Tinca tinca", "n2": "giant panda"})
    assert [short_name(names, label) for label in ("n1", "n2", "n3", "")] == [
        "tench",
        "giant panda",
        "n3",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("cardigan", "n02963159"),  # the garment; the corgi's whole name is longer
        ("Cardigan Welsh corgi", "n02113186"),
        ("maillot", "n03710637"),
        ("tank suit", "n03710721"),
        ("n02012849", "n02012849"),
        ("GOLDFISH", "n01443537"),
    ],
)
def test_an_exact_name_wins_over_one_of_several_synonyms(text, label):
    labels = imagenet_labels()
    assert classes_by_name([text], labels, read_class_names([])) == [labels.index(label)]


def test_a_name_of_two_classes_is_refused_with_its_candidates():
    with pytest.raises(
        InputError, match=r"class 'crane': 2 .*n02012849 .*n03126707 .*give a label"
    ):
        classes_by_name(["crane"], imagenet_labels(), read_class_names([]))


def test_labels_are_read_line_by_line_with_any_mark_and_end(tmp_path):
    path = tmp_path / "classes.txt"
    for content in (
        b"a b\nc\n",
        b"\xef\xbb\xbfa b\r\nc",
        b"a b\rc\r",
        "\ufeffa b\nc".encode("utf-16-le"),
    ):
        path.write_bytes(content)
        assert read_labels(path) == ["a b", "c"]
    path.write_text("a\na\n")
    with pytest.raises(InputError, match="names a class twice"):
        read_labels(path)
