"""The catalogue of tables and figures: complete, and refusing what a study cannot make."""

import shlex

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.reporting.artefact import registry
from pipeline_lib.reporting.catalogue import FIGURES, TABLES, available, files_by_target, targets
from pipeline_lib.reporting.flags import read_inputs
from pipeline_lib.steps.report import plot, tabulate
from pipeline_lib.study.configuration.load import load_configuration
from pipeline_lib.study.files import every_file
from pipeline_lib.study.study import build_study


@pytest.fixture
def study(repository):
    def build(**settings):
        return build_study(load_configuration(settings, repository / "workflow" / "studies"))

    return build


@pytest.mark.parametrize("artefact", [*TABLES.values(), *FIGURES.values()], ids=lambda a: a.name)
def test_every_module_is_there_with_its_function(artefact):
    function = "build" if artefact.name in TABLES else "plot_from"
    assert callable(getattr(artefact.load(), function))
    assert artefact.summary.endswith(".")
    assert artefact.caption.endswith(".")


def test_a_name_that_is_there_already_is_refused():
    with pytest.raises(ValueError, match="two artefacts are called table1"):
        registry([TABLES["table1"], TABLES["table1"]])


def by_role(inputs):
    """The files of each role as a list, without roles that have none."""
    lists = {role: [files] if isinstance(files, str) else files for role, files in inputs.items()}
    return {role: files for role, files in lists.items() if files}


def test_the_mini_study_makes_all_but_places_from_files_that_all_asks_for(study):
    mini = study()
    outputs = set(every_file(mini))
    artefacts = available(mini)
    assert {a.name for a in artefacts} == {*TABLES, *FIGURES} - {
        "figure13-places205",
        "figure10-clip",
    }
    for artefact in artefacts:
        for role, files in by_role(artefact.inputs(mini)).items():
            assert set(files) <= outputs, (artefact.name, role)


@pytest.mark.parametrize("artefact", [*TABLES.values(), *FIGURES.values()], ids=lambda a: a.name)
@pytest.mark.parametrize("keys", [{}, {"results": "my results", "transfer": {"sets": ["Event8"]}}])
def test_the_steps_read_what_the_catalogues_flags_say(study, artefact, keys):
    mini = study(**keys)
    if artefact.unavailable(mini):
        pytest.skip("not in this study")
    inputs, is_table = artefact.inputs(mini), artefact.name in TABLES
    words = shlex.split(artefact.flags(mini, inputs))
    words += shlex.split(artefact.remarks(mini)) if is_table else []
    kind = (
        ["--table", artefact.name, "--study", "mini"] if is_table else ["--figure", artefact.name]
    )
    parser = (tabulate if is_table else plot).make_parser()
    arguments = parser.parse_args([*kind, *words, "--out", "x"])
    read = read_inputs(arguments, artefact.name)
    for role, files in by_role(inputs).items():
        assert list(map(str, read.paths(role))) == files
    assert read.roots == [mini.root(name) for name in artefact.image_sets(mini)]
    if is_table:
        assert arguments.note == artefact.notes(mini)
        assert dict(arguments.absent) == artefact.absent(mini)


@pytest.mark.parametrize(
    ("target", "keys", "line"),
    [
        ("figure9", {}, "figure9: needs {root}/SUN2012; see check_data"),
        ("figure12", {}, "figure12: needs {root}/coco and {root}/vqa; see check_data"),
        ("concepts", {"discovery": {"sets": []}}, "concepts: 'concepts' is not among config.disc"),
        ("figure7", {}, "figure7: none of the data sets it shows is at {root}; see check_data"),
        (
            "figure8",
            {"transfer": {"sets": []}},
            "figure8: none of the data sets it shows is among config.transfer.sets",
        ),
        (
            "figure8",
            {"transfer": {"networks": []}},
            "figure8: config.transfer.networks lacks ",
        ),
    ],
)
def test_what_a_study_cannot_make_is_refused_with_what_is_missing(
    study, tmp_path, target, keys, line
):
    small = study(study="small", data_root=str(tmp_path), **keys)
    by_name = {each.name: each for each in targets()}
    with pytest.raises(InputError) as error:
        by_name[target].files(small)
    assert str(error.value).startswith(line.format(root=tmp_path))


def test_targets_are_the_papers_names_and_what_figures_show(study):
    names = [target.name for target in targets()]
    assert len(names) == len(set(names))
    assert {f"table{n}" for n in range(1, 6)} | {f"figure{n}" for n in range(3, 14)} < set(names)
    assert {
        "scenes",
        "concepts",
        "text",
        "vqa",
        "units",
        "measures",
        "thresholds",
        "figure_sanity",
    } < set(names)
    assert "figure13-places205" not in names  # asked for with figure13


@pytest.mark.parametrize(
    ("alias", "figure"),
    [
        ("scenes", "figure9"),
        ("concepts", "figure10"),
        ("text", "figure11"),
        ("vqa", "figure12"),
        ("units", "figure13"),
    ],
)
def test_an_alias_makes_the_same_files(study, alias, figure):
    mini = study()
    by_name = {target.name: target for target in targets()}
    assert by_name[alias].alias_of == figure
    assert by_name[alias].files(mini) == by_name[figure].files(mini) == [mini.paths.figure(figure)]


def test_figure_13_has_places_where_they_are(study, tmp_path):
    (tmp_path / "places205").mkdir()
    own = {"places_network": "squeezenet1_0"}
    small = study(study="small", data_root=str(tmp_path), units=own)
    assert files_by_target(small)["figure13"] == [
        small.paths.figure("figure13"),
        small.paths.figure("figure13-places205"),
    ]


def test_files_by_target_have_no_alias_and_nothing_that_cannot_be_made(study, tmp_path):
    files = files_by_target(study(study="small", data_root=str(tmp_path)))
    assert not {"scenes", "concepts", "figure9", "figure7"} & set(files)
    assert {"table1", "table5", "figure3", "report", "submission"} <= set(files)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_studys_warning_is_a_note_of_every_table(study, table):
    words = shlex.split(table.remarks(study(warning="It says nothing.")))
    assert words[words.index("--note") + 1] == "It says nothing."
