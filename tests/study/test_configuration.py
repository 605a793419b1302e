"""The configuration: laid over the study's, checked, refused in one line that names the key."""

import argparse
import math
import shlex
import types
import typing

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import Strict

from pipeline_lib.common.errors import InputError
from pipeline_lib.study.configuration.discovery import ScenesSection
from pipeline_lib.study.configuration.document import described_keys, schema
from pipeline_lib.study.configuration.flags import add_settings, as_flags, read_settings
from pipeline_lib.study.configuration.load import load_configuration, study_values
from pipeline_lib.study.configuration.localization import BoxesSection
from pipeline_lib.study.configuration.renamed import RENAMED
from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.configuration.section import section_of
from pipeline_lib.study.configuration.training import TrainingConfig

STUDIES = ("mini", "modern", "paper", "rehearsal", "small", "tiny")


def test_given_keys_go_over_the_studys_mapping_by_mapping(configured):
    mini = configured()
    assert (mini.study, mini.training.recipe.batch, mini.boxes.threshold) == ("mini", 8, 0.2)
    changed = configured(training={"recipe": {"batch": 4}}, boxes={"threshold": 0.3})
    assert changed.training.recipe.batch == 4
    assert changed.training.recipe.rate == mini.training.recipe.rate
    assert changed.training.warp == mini.training.warp == 128
    assert changed.boxes.threshold == 0.3
    assert set(changed.networks) == set(mini.networks)


def written(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_a_studys_file_goes_over_its_bases_key_by_key(tmp_path):
    base = "networks: {a: {backprop: true, crop: 5}, b: }\nfigures: {network: a, baseline: b}\n"
    own = "base: one\nnetworks: {a: {crop: 7}}\nboxes: {threshold: 0.3}\n"
    studies = written(tmp_path, one=base + "boxes: {threshold: 0.1}\n", two=own)
    two = load_configuration({"study": "two", "networks": {"b": {"crop": 9}}}, studies)
    assert (two.study, two.boxes.threshold, two.networks["b"].crop) == ("two", 0.3, 9)
    assert (two.networks["a"].backprop, two.networks["a"].crop) == (True, 7)
    assert load_configuration({"study": "one"}, studies).networks["a"].crop == 5


@pytest.mark.parametrize(
    ("base", "line"),
    [
        ("three", "two.yaml: its base, 'three', is not a study's file"),
        ("two", "two.yaml: has a base itself, so it cannot be that of two"),
        ("one", "one.yaml: has a base itself, so it cannot be that of two"),
    ],
)
def test_a_base_that_cannot_be_one_is_refused(tmp_path, base, line):
    studies = written(tmp_path, one="base: two", two=f"base: {base}")
    with pytest.raises(InputError) as raised:
        load_configuration({"study": "two"}, studies)
    assert line in str(raised.value)


def test_a_base_is_a_key_of_studies_files_alone(configured):
    with pytest.raises(InputError, match=r"config\.base: unknown key"):
        configured(base="paper")


def test_text_from_the_command_line_is_read_as_the_type_of_its_key(configured):
    """`--config boxes='{threshold: 0.3}'` leaves text inside the mapping."""
    assert configured(boxes={"threshold": "0.3"}).boxes.threshold == 0.3
    assert configured(concepts={"phrases": ["no", "1"]}).concepts.phrases == ["no", "1"]
    assert configured(transfer={"costs": ["1", "10"]}).transfer.costs == (1, 10)
    assert configured(training={"recipe": {"rate": "1e-3"}}).training.recipe.rate == 0.001
    assert configured(networks={"NIN": "false"}).networks["NIN"] is False
    assert configured(scenes={"categories": "3"}).scenes.categories == 3
    assert configured(scenes={"categories": ["no", "3"]}).scenes.categories == ["no", "3"]
    assert configured(units={"classes": ["007", "null"]}).units.classes == ["007", "null"]
    assert configured(concepts={"captions": "null"}).concepts.captions is None
    assert configured(photographs={"folder": "1"}).photographs.folder == "1"
    narrow = configured(networks={"NIN": {"options": {"width": "0.5"}}}).networks["NIN"]
    assert narrow.options["width"] == 0.5


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
        ({"boxes": {5: 1}}, "config.boxes.5: 5 must be text"),
        ({"text": None}, "config.text: null must be a mapping"),
        ({"training": {"recipe": [1]}}, "config.training.recipe: must be a mapping"),
        (
            {"study": "small", "data_root": "x", "world": {"train_images": 1}},
            "config.world.val_images: is required",
        ),
        ({"photographs": {"folder": None}}, "config.photographs.folder: null must be text"),
        ({"data_root": 5}, "config.data_root: 5 must be text"),
        ({"boxes": {"interpolation": 3}}, "config.boxes.interpolation: 3 must be 'bilinear', 'bi"),
        (
            {"prediction": {"backprop_crops": 5}},
            "config.prediction.backprop_crops: 5 must be 1 or 10",
        ),
        (
            {"discovery": {"sets": "al"}},
            "config.discovery.sets: 'al' must be 'present', 'all' or a",
        ),
        ({"concepts": {"phrases": [False]}}, "config.concepts.phrases.0: false must be text"),
        (
            {"training": {"recipe": {"rate": float("nan")}}},
            "config.training.recipe.rate: NaN must be",
        ),
        (
            {"training": {"recipe": {"milestones": [2]}}},
            "config.training.recipe.milestones.0: 2 must",
        ),
        (
            {"training": {"recipe": {"rat": 2}}},
            "config.training.recipe.rat: unknown key; did you mean",
        ),
        ({"scenes": {"categories": []}}, "config.scenes.categories: must have at least 2 items"),
        (
            {"scenes": {"categories": "x"}},
            "config.scenes.categories: 'x' must be a list or a whole",
        ),
        ({"scenes": {"categories": ["one"]}}, "config.scenes.categories: must have at least 2"),
        ({"scenes": {"categories": 1}}, "config.scenes.categories: 1 must be at least 2"),
        ({"networks": {"NIN": {"widht": 2}}}, "config.networks.NIN.widht: unknown key; did you"),
        ({"networks": {"NIN": True}}, "config.networks.NIN: true must be a mapping or false"),
        ({"networks": {"NIN": {"maps": "gradcam"}}}, "config.networks.NIN.maps: 'gradcam' must be"),
        ({"networks": {"NIN": {"crop": 0}}}, "config.networks.NIN.crop: 0 must be at least 1"),
        ({"networks": {"NIN": {"recipe": 5}}}, "config.networks.NIN.recipe: 5 must be a mapping"),
        (
            {"networks": {"NIN": {"recipe": {"epochs": 0}}}},
            "config.networks.NIN.recipe.epochs: 0 must be above 0",
        ),
        ({"networks": {"a/b": {}}}, "config.networks.a/b: 'a/b' must have only letters"),
        ({"networks": {3: {}}}, "config.networks.3: 3 must be text"),
        ({"networks": {"N I": {}}}, "config.networks.N I: 'N I' must have only letters"),
        ({"networks": None}, "config.networks: null must be a mapping"),
        ({"figures": {"network": None}}, "config.figures.network: null must be text"),
        ({"study": ["mini"]}, f"config.study: ['mini'] is not one of {', '.join(STUDIES)}"),
        ({"study": "smal"}, f"config.study: 'smal' is not one of {', '.join(STUDIES)}; did you"),
        ({"training": {"recipe": {"epochs": 0}}}, "config.training.recipe.epochs: 0 must be above"),
        (
            {"networks": {"NIN": {"recipe": {"epoch": 1}}}},
            "config.networks.NIN.recipe.epoch: unknown key; did you mean epochs?",
        ),
        (
            {"networks": {"GoogLeNet-GPA": False}},
            "config.networks.GoogLeNet-GPA: the study has no such network; did you mean GoogLeNet-GAP?",
        ),
        (
            {"boxes": {"interpolation": "bilinaer"}},
            "config.boxes.interpolation: 'bilinaer' must be 'bilinear', 'bicubic' or 'nearest'; did "
            "you mean bilinear?",
        ),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_key(make_study, keys, line):
    with pytest.raises(InputError) as error:
        make_study(**keys)
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
    values = study_values(name, studies) | {"study": name}
    assert not list(checker.iter_errors(values))
    assert list(checker.iter_errors(values | {"boxes": {"threshold": 1.5}}))
    assert list(checker.iter_errors(values | {"treshold": 1}))


def sections(section=Configuration):
    """Return a section and all sections in it, as classes."""
    inner = filter(None, (section_of(f.annotation) for f in section.model_fields.values()))
    return [section, *(each for kind in inner for each in sections(kind))]


def can_be_flags(section):
    """Return the names of the keys that flags can hold, and of those that none can."""
    names = {True: [], False: []}
    for name in section.model_fields:
        try:
            add_settings(argparse.ArgumentParser(), section, name)
        except TypeError:
            names[False].append(name)
        else:
            names[True].append(name)
    return names[True], names[False]


WITH_FLAGS = [kind for kind in sections()[1:] if can_be_flags(kind)[0]]
TEXT = some.from_regex(r"[a-z0-9_%$.][a-z0-9 ,'\"%$*-]*", fullmatch=True)  # no dash in front


def values_of(annotation, limits=()):
    """Return a strategy of the values that a key's type allows."""
    limits = [limit for limit in limits if not isinstance(limit, Strict)]
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return values_of(inner[0], inner[1:])
    if origin in (types.UnionType, typing.Union):
        return some.one_of(values_of(each, limits) for each in inner)
    if origin in (list, tuple):
        least = max((limit.min_length for limit in limits), default=0)
        return some.lists(values_of(inner[0]), min_size=least, max_size=4).map(origin)
    if annotation is str:
        return TEXT
    if annotation is types.NoneType or not limits:
        strategy = some.from_type(annotation)
    else:
        strategy = some.from_type(typing.Annotated[annotation, *limits])
    return strategy.filter(math.isfinite) if annotation is float else strategy


@pytest.mark.parametrize("section", WITH_FLAGS, ids=lambda section: section.__name__)
@settings(max_examples=30)
@given(data=some.data())
def test_a_section_as_flags_is_read_back_as_the_same_section(section, data):
    names, _ = can_be_flags(section)
    fields = {name: section.model_fields[name] for name in names}
    values = {
        name: data.draw(values_of(field.annotation, field.metadata), label=name)
        for name, field in fields.items()
    }
    # None has no flag: it stands for the default only where that is None too.
    values = {name: value for name, value in values.items() if value is not None}
    given_section = section(**values)
    parser = argparse.ArgumentParser()
    add_settings(parser, section, *names)
    arguments = parser.parse_args(shlex.split(as_flags(given_section, *names)))
    assert read_settings(arguments, section) == given_section


def test_only_mappings_sections_and_choices_of_types_have_no_flag():
    without = {f"{kind.__name__}.{name}" for kind in WITH_FLAGS for name in can_be_flags(kind)[1]}
    assert without == {
        *("NetworkConfig.options", "NetworkConfig.recipe", "TrainingSection.recipe"),
        *("TransferSection.sets", "ScenesSection.categories"),
    }
    with pytest.raises(TypeError, match="no flag can hold"):
        as_flags(ScenesSection())


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
