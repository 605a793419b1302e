import pytest
import yaml

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.transfer.readers import READERS
from pipeline_lib.data.transfer.sets import split_spec, transfer_sets


def test_the_sets_are_the_papers_columns():
    assert list(transfer_sets()) == [
        "SUN397",
        "MIT Indoor67",
        "Scene15",
        "SUN Attribute",
        "Caltech101",
        "Caltech256",
        "Action40",
        "Event8",
        "CUB-200-2011",
    ]


def test_every_entry_is_that_of_the_file(repository):
    text = (repository / "pipeline_lib" / "data" / "transfer.yaml").read_text()
    for name, entry in yaml.safe_load(text).items():
        transfer_set = transfer_sets()[name]
        assert {key: getattr(transfer_set, key) for key in entry} == entry


def test_there_is_a_reader_for_every_layout_and_none_besides():
    assert list(READERS) == [entry.layout for entry in transfer_sets().values()]


def test_what_is_not_given_is_the_papers():
    spec = split_spec("event8")
    assert (spec.train, spec.test, spec.splits, spec.seed) == (70, 60, 10, 0)
    assert split_spec("caltech101").test is None
    assert split_spec("caltech101", train=5).train == 5
    assert split_spec("caltech101", test=7).test == 7
    assert split_spec("sun397", splits=2).splits == 2


@pytest.mark.parametrize("layout", ["sun397", "indoor67", "action40", "cub"])
@pytest.mark.parametrize("flag", ["train", "test"])
def test_an_official_split_takes_no_numbers(layout, flag):
    with pytest.raises(InputError, match=rf"--{flag} 5: the split of .* is official"):
        split_spec(layout, **{flag: 5})


@pytest.mark.parametrize("layout", ["indoor67", "action40", "cub"])
def test_a_single_official_split_cannot_be_repeated(layout):
    with pytest.raises(InputError, match=r"--repeats 2: .* official"):
        split_spec(layout, splits=2)


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        ({"train": 0}, "train"),
        ({"test": -1}, "test"),
        ({"splits": 0}, "repeats"),
        ({"seed": -1}, "seed"),
    ],
)
def test_numbers_below_the_minimum_are_refused(given, flag):
    with pytest.raises(InputError, match=f"--{flag}"):
        split_spec("scene15", **given)
