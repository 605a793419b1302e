"""What passes without PyTorch: against the functions and libraries that it stands for."""

import inspect

import pytest

from pipeline_lib.networks import known
from pipeline_lib.networks.available import check_ready_trained
from pipeline_lib.networks.registry import ARCHITECTURES


@pytest.mark.parametrize("name", known.ARCHITECTURES)
def test_known_options_are_those_of_the_function(name):
    parameters = inspect.signature(ARCHITECTURES[name]).parameters
    options = known.ARCHITECTURES[name]
    assert {option: parameters[option].annotation for option in options} == options


@pytest.mark.parametrize(("name", "library"), sorted(known.PUBLISHED, key=str))
def test_known_networks_are_published(monkeypatch, name, library):
    monkeypatch.setattr(known, "PUBLISHED", set())  # the library is asked
    check_ready_trained("key", name, library, [])


def test_only_values_of_the_right_type_are_known_to_build():
    assert known.builds("nin", {"width": 1, "batch_norm": True, "dropout": 0.5})
    assert not known.builds("nin", {"width": True})
    assert not known.builds("nin", {"batch_norm": 1})
    assert not known.builds("nin", {"widht": 1.0})
    assert not known.builds("ninn", {})
