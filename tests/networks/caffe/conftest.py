"""A writer of .caffemodel files, wire format by hand: independent of how they are read."""

import pytest

from pipeline_lib.networks.caffe.writer import encoded, layers_of


@pytest.fixture(scope="session", name="caffemodel")
def caffemodel_fixture():
    """The bytes of a .caffemodel from a dict of layers."""
    return lambda layers, form="new": b"".join(encoded(layers, form))


@pytest.fixture(scope="session", name="layers_of")
def layers_of_fixture():
    """The layers of one of our networks as Caffe has them."""
    return layers_of
