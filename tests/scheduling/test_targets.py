import pytest

from pipeline_lib.scheduling.targets import asked_for, unknown_target

RULES, PATTERNS = ["all", "table4", "figure7", "units"], ["train", "table"]
FILES = ["results/mini/tables/table4.csv"]


def problem(targets=(), flags=()):
    return unknown_target(targets, flags, RULES, PATTERNS, FILES, lambda name: name in FILES)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("tabel4", "no target 'tabel4'; did you mean table4? (snakemake --list has all)"),
        ("fig7", "no target 'fig7'; did you mean figure7? (snakemake --list has all)"),
        ("quux", "no target 'quux' (snakemake --list has all)"),
        ("table", "'table' makes many files: ask for one of them, or for a target"),
        (
            "results/mini/tables/tabel4.csv",
            "no target 'results/mini/tables/tabel4.csv'; did you mean "
            "results/mini/tables/table4.csv? (snakemake --list has all)",
        ),
    ],
)
def test_a_wrong_target_is_one_line_with_the_nearest(target, said):
    assert problem([target]) == problem(["all", target]) == said


def test_rules_files_that_are_made_and_files_that_are_there_are_targets(tmp_path):
    there = tmp_path / "there.txt"
    there.touch()
    assert problem(["all", FILES[0], str(there)], ["train", "table4"]) == ""


def test_files_of_absolute_results_are_targets():
    """As `results=/scratch/results`; a path from here goes by any spelling."""
    made = ["/scratch/results/mini/tables/table4.csv", "results/mini/tables/table4.csv"]
    for target in (made[0], f"./{made[1]}"):
        assert unknown_target([target], [], [], [], made, lambda name: name in made) == ""


def test_a_wrong_rule_of_a_flag_is_one_line_with_the_nearest():
    assert problem(["all"], ["trian"]) == "no rule 'trian'; did you mean train?"


def test_targets_and_rules_are_found_between_snakemakes_flags():
    words = ["a", "--cores", "2", "-R", "b", "--until", "c", "--config", "study=mini", "x={y: 1}"]
    for program in ("/bin/snakemake", "/lib/python3/site-packages/snakemake/__main__.py"):
        assert asked_for([program, *words]) == (["a"], ["b", "c"])
    assert asked_for(["/lib/pipeline_lib/__main__.py", "plan", "--config", "{}"]) == ([], [])
