"""Studies made without Snakemake."""

import pytest

from pipeline_lib.study.configuration.load import load_configuration
from pipeline_lib.study.study import build_study


@pytest.fixture
def studies(repository):
    """The folder of the studies' files."""
    return repository / "workflow" / "studies"


@pytest.fixture
def configured(studies):
    """Return a function that makes a configuration of the keys given."""
    return lambda **keys: load_configuration(keys, studies)


@pytest.fixture
def make_study(configured):
    """Return a function that makes a study of the keys given."""
    return lambda **keys: build_study(configured(**keys))
