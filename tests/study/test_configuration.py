"""The configuration: laid over the study's, checked, refused in one line that names the key."""

import argparse
import shlex

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some

from pipeline_lib.common.errors import InputError
from pipeline_lib.study.configuration.discovery import ConceptsSection, ScenesSection, VqaConfig
from pipeline_lib.study.configuration.document import described_keys, schema
from pipeline_lib.study.configuration.flags import add_settings, as_flags, read_settings
from pipeline_lib.study.configuration.load import load_configuration
from pipeline_lib.study.configuration.localization import BoxesSection, PredictionSection
from pipeline_lib.study.configuration.renamed import RENAMED
from pipeline_lib.study.configuration.training import TrainingConfig
from pipeline_lib.study.configuration.transfer import SvmConfig
from pipeline_lib.study.configuration.units import UnitsSection

STUDIES = ("mini", "small", "paper", "tiny")


def test_given_keys_go_over_the_studys_mapping_by_mapping(configured):
    mini = configured()
    assert (mini.study, mini.training.recipe.batch, mini.boxes.threshold) == ("mini", 16, 0.2)
    changed = configured(training={"recipe": {"batch": 4}}, boxes={"threshold": 0.3})
    assert changed.training.recipe.batch == 4
    assert changed.training.recipe.rate == mini.training.recipe.rate == 0.02
    assert changed.training.warp == mini.training.warp == 128
    assert changed.boxes.threshold == 0.3
    assert set(changed.networks) == set(mini.networks)


def test_text_from_the_command_line_is_read_as_the_type_of_its_key(configured):
    """`--config boxes='{threshold: 0.3}'` leaves text inside the mapping."""
    assert configured(boxes={"threshold": "0.3"}).boxes.threshold == 0.3
    assert configured(concepts={"phrases": ["no", "1"]}).concepts.phrases == ["no", "1"]
    assert configured(transfer={"costs": ["1", "10"]}).transfer.costs == (1, 10)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"treshold": 1}, "config.treshold: unknown key"),
        ({"boxes": {"treshold": 1}}, "config.boxes.treshold: unknown key; did you mean threshold?"),
        ({"boxes": {"threshold": "high"}}, "config.boxes.threshold: 'high' must be a number"),
        ({"boxes": {"threshold": 1.5}}, "config.boxes.threshold: 1.5 must be below 1"),
        ({"boxes": 5}, "config.boxes: 5 must be a mapping"),
        ({"gpu": 1}, "config.gpu: 1 must be true or false"),
        ({"vqa": {"epochs": 1.5}}, "config.vqa.epochs: 1.5 must be a whole number"),
        ({"transfer": {"costs": []}}, "config.transfer.costs: must have at least 1 item"),
        ({"transfer": {"costs": [0]}}, "config.transfer.costs.0: 0 must be above 0"),
        ({"scenes": {"categories": ["one"]}}, "config.scenes.categories: must have at least 2"),
        ({"scenes": {"categories": 1}}, "config.scenes.categories: 1 must be at least 2"),
        ({"networks": {"NIN": {"widht": 2}}}, "config.networks.NIN.widht: unknown key; did you"),
        ({"networks": {"NIN": True}}, "config.networks.NIN: true must be a mapping or false"),
        ({"networks": {"N I": {}}}, "config.networks.N I: 'N I' must have only letters"),
        ({"networks": None}, "config.networks: null must be a mapping"),
        ({"figures": {"network": None}}, "config.figures.network: null must be text"),
        ({"study": "smal"}, "config.study: 'smal' is not one of mini, paper, small, tiny; did you"),
        ({"training": {"recipe": {"epochs": 0}}}, "config.training.recipe.epochs: 0 must be above"),
        (
            {"networks": {"NIN": {"recipe": {"epoch": 1}}}},
            "config.networks.NIN.recipe.epoch: unknown key; did you mean epochs?",
        ),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_key(study, keys, line):
    with pytest.raises(InputError) as error:
        study(**keys)
    assert str(error.value).startswith(line)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_old_key_is_refused_with_its_new_name(configured, old, new):
    section, key = old.split(".")
    with pytest.raises(InputError, match=rf"^config\.{old}: is now called config\.{new}$"):
        configured(**{section: {key: 1}})


def test_every_key_is_described_in_a_sentence():
    keys = described_keys()
    assert len(keys) > 125
    assert {"training.recipe", "training.recipe.epochs", "networks.NAME.maps", "boxes"} <= set(keys)
    for key, description in keys.items():
        assert description.endswith("."), key
        assert len(description.split()) >= 2, key


@pytest.mark.parametrize("name", STUDIES)
def test_the_schema_accepts_the_studies_and_refuses_what_the_code_refuses(studies, name):
    checker = jsonschema.Draft202012Validator(yaml.safe_load(schema()))
    checker.check_schema(checker.schema)
    values = yaml.safe_load((studies / f"{name}.yaml").read_text()) | {"study": name}
    assert not list(checker.iter_errors(values))
    assert list(checker.iter_errors(values | {"boxes": {"threshold": 1.5}}))
    assert list(checker.iter_errors(values | {"treshold": 1}))


def fractions(**limits):
    return some.floats(0.01, 0.99, **limits)


@given(
    some.builds(BoxesSection, threshold=fractions(), interpolation=some.sampled_from(["bicubic"]))
    | some.builds(PredictionSection, batch=some.integers(1, 99), workers=some.integers(0, 9))
    | some.builds(SvmConfig, costs=some.tuples(fractions(), fractions()))
    | some.builds(VqaConfig, held_out_fraction=fractions(), max_words=some.integers(1, 99))
    | some.builds(ConceptsSection, phrases=some.just(["a red bus", "it's", "no"]))
    | some.builds(ScenesSection, categories=some.just(["a", "b c"]) | some.integers(2, 9))
    | some.builds(UnitsSection, classes=some.just(["goldfish", "tench, a fish"]))
)
def test_a_section_as_flags_is_read_back_as_the_same_section(section):
    kind = type(section)
    names = [name for name in kind.model_fields if name not in ("categories",)]
    parser = argparse.ArgumentParser()
    add_settings(parser, kind, *names)
    arguments = parser.parse_args(shlex.split(as_flags(section, *names)))
    read = read_settings(arguments, kind)
    assert all(getattr(read, name) == getattr(section, name) for name in names)


def test_flags_have_the_sections_defaults_and_say_their_units(capsys):
    parser = argparse.ArgumentParser()
    add_settings(parser, BoxesSection)
    assert vars(parser.parse_args([])) == BoxesSection().model_dump()
    with pytest.raises(SystemExit):
        parser.parse_args(["--help"])
    assert "fraction of the map's maximum" in " ".join(capsys.readouterr().out.split())


def test_a_flag_out_of_its_limits_is_refused_by_its_name():
    parser = argparse.ArgumentParser()
    add_settings(parser, BoxesSection)
    with pytest.raises(InputError, match=r"^--threshold: 1\.0 must be below 1$"):
        read_settings(parser.parse_args(["--threshold", "1"]), BoxesSection)


def test_sections_never_change_once_they_are_read():
    with pytest.raises(ValueError, match="frozen"):
        TrainingConfig().epochs = 3


def test_a_study_that_is_not_named_is_mini(studies):
    assert load_configuration({}, studies).study == "mini"
