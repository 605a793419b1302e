"""What is typed after --config: text stays text, quoted or not; nothing becomes another value."""

import pytest
from snakemake.cli import parse_config

from pipeline_lib.common.errors import InputError
from pipeline_lib.study.configuration.load import configuration_of_run, load_configuration
from pipeline_lib.study.configuration.typed import as_typed


@pytest.fixture
def from_words(studies):
    """Return a function that makes a configuration of what is typed after --config."""

    def read(*entries: str):
        words = ["table4", "--config", *entries, "--cores", "1"]
        return load_configuration(as_typed(parse_config(list(entries)), words), studies)

    return read


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        *(("12:30", "12:30"), ("007", "007"), ("1e3", "1e3"), ("1_000", "1_000"), ("no", "no")),
        *(('"12:30"', "12:30"), ('"007"', "007"), ("'1e3'", "1e3"), ('"no"', "no")),
        *(("True", "True"), ('"null"', "null"), ("2024-01-01", "2024-01-01"), ("it's", "it's")),
        *(
            ('"Draft: no"', "Draft: no"),
            ('"[draft]"', "[draft]"),
            ("/a #1", "/a #1"),
            ("日本", "日本"),
        ),
        *(("null", None), ("", None)),
    ],
)
def test_text_comes_out_as_it_was_typed(from_words, typed, text):
    assert from_words(f"warning={typed}").warning == text
    if typed:
        assert from_words(f"results={typed}").results == (text or "null")


def test_text_in_lists_comes_out_as_it_was_typed(from_words):
    names = ["007", "12:30", "no", "1e3", "null", "0x10"]
    for quote in ("", '"', "'"):
        listed = ", ".join(f"{quote}{name}{quote}" for name in names)
        entries = (
            f"units={{classes: [{listed}], places: [{listed}]}}",
            f"concepts={{phrases: [{listed}]}}",
        )
        given = from_words(*entries)
        assert given.units.classes == given.units.places == given.concepts.phrases == names
    assert from_words('scenes={categories: ["no", 007]}').scenes.categories == ["no", "007"]


def test_quoted_text_stays_text_where_the_type_is_open(from_words):
    options = (
        "{a: '12:30', b: 'no', c: '007', d: '0.5', e: 'null', f: 0.5, g: true, h: null, i: 12:30}"
    )
    found = from_words(f"networks={{NIN: {{options: {options}}}}}").networks["NIN"].options
    texts = {"a": "12:30", "b": "no", "c": "007", "d": "0.5", "e": "null", "i": "12:30"}
    given = {key: found[key] for key in "abcdefghi"}
    assert given == texts | {"f": 0.5, "g": True, "h": None}
    assert {type(each) for each in found.values()} == {
        str,
        float,
        bool,
        type(None),
    }  # YAML can dump


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("vqa={epochs: 12:30}", "config.vqa.epochs: '12:30' must be a whole number"),
        ("vqa={epochs: 010}", "config.vqa.epochs: '010' must be a whole number"),
        ("vqa={epochs: 1_000}", "config.vqa.epochs: '1_000' must be a whole number"),
        ("vqa={epochs: no}", "config.vqa.epochs: 'no' must be a whole number"),
        ('vqa={epochs: "5"}', "config.vqa.epochs: '5' must be a whole number"),
        ("boxes={threshold: 0:30}", "config.boxes.threshold: '0:30' must be a number"),
        ('gpu="no"', "config.gpu: 'no' must be true or false"),
        ('networks={NIN: "no"}', "config.networks.NIN: 'no' must be a mapping or false"),
        ("warning=Draft: no", "config.warning: must be text; put it in quotes"),
    ],
)
def test_what_is_no_value_of_its_key_is_refused(from_words, entry, line):
    with pytest.raises(InputError) as raised:
        from_words(entry)
    assert str(raised.value) == line


def test_words_that_stand_for_numbers_and_truth_are_read(from_words):
    given = from_words("gpu=yes", "vqa={epochs: 7}", "training={recipe: {rate: 1e-3, decay: .5}}")
    assert (given.gpu, given.vqa.epochs) == (True, 7)
    assert (given.training.recipe.rate, given.training.recipe.decay) == (0.001, 0.5)
    assert from_words("networks={NIN: no}").networks["NIN"] is False
    assert from_words("scenes={categories: 3}").scenes.categories == 3


def test_only_what_the_command_line_gave_is_restored():
    config = {"results": 7, "boxes": {"threshold": 0.5, "interpolation": "nearest"}, "gpu": True}
    words = ["--config", "results=8", "boxes={threshold: 0.3}", "other=007", "--cores", "1"]
    assert as_typed(config, words) == config
    words = ["-C", "boxes={interpolation: 'nearest'}", "-n", "gpu=007"]
    assert as_typed(config, words) == config


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"warning": False}, "config.warning: false must be text; put it in quotes"),
        ({"data_root": 7}, "config.data_root: 7 must be text; put it in quotes"),
        (
            {"units": {"classes": [750]}},
            "config.units.classes.0: 750 must be text; put it in quotes",
        ),
        ({"networks": {7: {}}}, "config.networks.7: 7 must be text; put it in quotes"),
        ({"figures": {"network": None}}, "config.figures.network: null must be text"),
    ],
)
def test_a_file_that_yaml_reads_otherwise_is_told_to_quote(studies, given, line):
    with pytest.raises(InputError) as raised:
        load_configuration(given, studies)
    assert str(raised.value) == line


def test_jobs_read_the_same_values(studies):
    entries = ['warning="null"', "networks={NIN: {options: {a: '0.5', b: 'no', c: 0.5}}}"]
    words, environment = ["--config", *entries], {}
    given = as_typed(parse_config(entries), words)
    whole, job = (
        configuration_of_run(each, studies, is_job=is_job, environment=environment, name="")
        for each, is_job in ((given, False), ({}, True))
    )
    assert whole == job
    assert job.warning == "null"
    assert [job.networks["NIN"].options[key] for key in "abc"] == ["0.5", "no", 0.5]
