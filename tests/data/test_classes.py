import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.classes import class_names, imagenet_labels, short_name
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
    assert short_name(class_names(None), label) == name


def test_without_a_classes_file_every_imagenet_class_has_a_name_and_nothing_else():
    names = class_names(None)
    assert sorted(names) == imagenet_labels()
    assert all(names.values())


def test_names_from_a_classes_file_go_over_imagenets(tmp_path):
    path = tmp_path / "classes.csv"
    rows = [("n01440764", 1, "red square, quadrate"), ("n99999999", 2, "NA")]
    write_rows(path, CLASS_COLUMNS, rows)
    names = class_names(path)
    assert names["n01440764"] == "red square, quadrate"
    assert names["n99999999"] == "NA"
    untouched = class_names(None)
    changed = {label for label, name in names.items() if untouched.get(label) != name}
    assert changed == {"n01440764", "n99999999"}
    assert untouched["n01440764"].startswith("tench")  # nothing is remembered from one call


def test_a_missing_classes_file_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"absent\.csv: not found"):
        class_names(tmp_path / "absent.csv")


def test_a_short_name_is_the_first_synonym_or_else_the_label():
    names = {"n1": "tench, Tinca tinca", "n2": "giant panda"}
    assert [short_name(names, label) for label in ("n1", "n2", "n3", "")] == [
        "tench",
        "giant panda",
        "n3",
        "",
    ]
