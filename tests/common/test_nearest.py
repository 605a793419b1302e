import pytest

from pipeline_lib.common.nearest import nearest

NETWORKS = ["AlexNet", "AlexNet-GAP", "GoogLeNet", "GoogLeNet-GAP", "GoogLeNet-GMP", "VGGnet-GAP"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("GoogLeNet-GPA", "GoogLeNet-GAP"),  # GMP is as near, but has other letters
        ("googlenet-gmp", "GoogLeNet-GMP"),
        ("VGG-GAP", "VGGnet-GAP"),
        ("Alexnet", "AlexNet"),
    ],
)
def test_the_name_that_was_meant_is_named(word, meant):
    assert nearest(word, NETWORKS) == f"; did you mean {meant}?"
    assert nearest(word, reversed(NETWORKS)) == f"; did you mean {meant}?"


def test_nothing_is_suggested_where_nothing_is_near():
    assert nearest("resnet50", NETWORKS) == ""
    assert nearest("resnet50", []) == ""
