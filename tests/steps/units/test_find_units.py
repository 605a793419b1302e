"""Which classes and units the units file holds."""

import h5py
import numpy as np
import pytest

from pipeline_lib.data.synthetic.ilsvrc import wnid


def test_named_classes_are_shown_in_their_order(study, labels):
    assert study.find("--classes", labels[7], "striped disc with a yellow bolt") == 0
    with h5py.File(study.units) as file:
        shown = file["class_index"][:][file["shown_rows"][:]]
    assert [labels[index] for index in shown] == [labels[7]] * 3 + [wnid(0)] * 3


def test_where_channels_are_classes_a_class_is_its_own_unit(nin_study):
    study = nin_study
    assert study.find() == study.measure() == study.plot() == 0
    with h5py.File(study.units) as file:
        np.testing.assert_array_equal(file["unit"][:], np.arange(10))
        np.testing.assert_array_equal(file["weight"][:], np.ones(10))
        assert len(file["shown_rows"]) == 2


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--top=0", "--top: 0 must be at least 1"),
        ("--stride=0", "--stride: 0.0 must be above 0"),
        ("--batch=0", "--batch: 0 must be at least 1"),
    ],
)
def test_a_setting_out_of_its_limits_is_one_line(study, capsys, flag, message):
    assert study.find(flag) == 1
    assert capsys.readouterr().err == f"error: {message}\n"


@pytest.mark.parametrize("method", ["occlusion", "disc"])
def test_a_batch_that_does_not_fit_is_halved_and_the_file_is_that_of_the_small_batch(
    study, small_memory, capsys, method
):
    assert study.find("--batch=2", f"--method={method}") == 0
    small = study.units.read_bytes()
    capsys.readouterr()
    tried = small_memory(3)
    assert study.find("--batch=8", f"--method={method}") == 0
    assert study.units.read_bytes() == small
    assert max(tried) == 8
    assert "going on with 2" in capsys.readouterr().err
