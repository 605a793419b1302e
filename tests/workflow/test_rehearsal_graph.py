"""The rehearsal's graph is the paper study's: every job, every flag, but for what its file overlays."""

import json
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from pipeline_lib.data.transfer.sets import transfer_sets
from pipeline_lib.study.configuration.load import load_configuration
from pipeline_lib.study.configuration.training import TrainingConfig
from pipeline_lib.study.image_sets import experiments

pytestmark = pytest.mark.workflow

# The command-line flags of each key that the rehearsal's file overlays; with "=", they are of the form
# `--recipe epochs=8`. A new key in that file must be listed here.
FLAGS = {
    "warning": ("--note", "--warning"),
    "data_root": (),  # the same for both in this test
    "gpu": (),  # resources
    "networks.NIN.recipe.epochs": ("--recipe epochs=",),
    "networks.NIN.recipe.batch": ("--recipe batch=",),
    "training.workers": ("--workers", "--processes"),
    "training.threads": ("--threads",),
    "training.recipe.epochs": ("--recipe epochs=",),
    "training.recipe.batch": ("--recipe batch=",),
    "prediction.batch": ("--batch",),
    "prediction.workers": ("--workers",),
    "prediction.threads": ("--threads", "--processes"),
    "transfer.train": ("--train",),
    "transfer.splits": ("--repeats",),
    "transfer.costs": ("--costs",),
    "scenes.min_images": ("--option min_images=",),
    "concepts.min_images": ("--min-images",),
    "units.occluded": ("--occluded",),
    "units.stride": ("--stride",),
}
CONFIGURATIONS = ("--config {", "--own {")


def leaves(values, prefix=""):
    """The dotted keys of a study's file that hold no mapping."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def value_of(configuration, key):
    """The value of a dotted key, as a configuration has it; None where a network does not say."""
    for part in key.split("."):
        is_mapping = isinstance(configuration, dict)
        configuration = configuration.get(part) if is_mapping else getattr(configuration, part)
        if part == "recipe" and isinstance(configuration, dict):  # a network's own
            configuration = TrainingConfig.model_validate(configuration)
    return configuration


def flag_with(flag, value):
    """The words of a flag with a value, as one text; "" for no value."""
    if value is None:
        return ""
    if flag.endswith("="):
        return f"{flag}{value}"
    values = value if isinstance(value, list | tuple) else [value]
    return " ".join([flag, *map(str, values)])


def flags_of(command):
    """A command line as its flags, each with its values: `--recipe epochs=8`.

    Without the configuration as a whole, which the page shows: its keys are compared one by one.
    """
    flags = [""]
    for word in shlex.split(command):
        if word.startswith("--"):
            flags.append(word)
        else:
            flags[-1] += f" {word}"
    return Counter(each for each in flags if not each.startswith(CONFIGURATIONS))


def renamed(text):
    """The rehearsal's results are in another folder, and its name is on its tables."""
    return text.replace("results/rehearsal", "results/paper").replace(
        "--study rehearsal", "--study paper"
    )


def allowed_changes(paper, rehearsal, overlaid):
    """The flags that the overlaid keys are in the paper study and what they are in the rehearsal.

    "" is no flag.
    """
    return [
        tuple(flag_with(flag, value_of(each, key)) for each in (paper, rehearsal))
        for key in overlaid
        for flag in FLAGS[key]
    ]


def differences(paper, rehearsal, allowed):
    """Say where the jobs of two graphs differ, by more than the pairs of flags in ``allowed``."""
    by_output = [
        {renamed(" ".join([job["rule"], *job["outputs"]])): job for job in jobs}
        for jobs in (paper, rehearsal)
    ]
    lines = [f"in one graph only: {name}" for name in by_output[0].keys() ^ by_output[1].keys()]
    for name in by_output[0].keys() & by_output[1].keys():
        one, other = (jobs[name] for jobs in by_output)
        if one["inputs"] != [renamed(path) for path in other["inputs"]]:
            lines.append(f"{name}: other inputs")
        # The only resource in a rule is a GPU, which the rehearsal does without.
        if other["resources"] or set(one["resources"]) - {"gpu"}:
            lines.append(f"{name}: resources {one['resources']}, {other['resources']}")
        ours, theirs = flags_of(one["command"]), flags_of(renamed(other["command"]))
        ours, theirs = ours - theirs, theirs - ours
        for before, after in allowed:
            if (not before or ours[before]) and (not after or theirs[after]):
                ours.subtract([before])
                theirs.subtract([after])
        for flags, whose in ((ours, "paper"), (theirs, "rehearsal")):
            lines += [f"{name}: {whose}'s {flag}" for flag, count in flags.items() if count > 0]
    return lines


@pytest.fixture(scope="module")
def data_root(tmp_path_factory):
    """Folders where the paper study looks for its data sets, and empty files of weights."""
    root = tmp_path_factory.mktemp("data_root")
    folders = {folder for each in experiments().values() for folder in each["folders"]}
    folders |= {each.folder for each in transfer_sets().values()}
    folders |= {f"ilsvrc/{name}" for name in ("train", "val", "test", "bbox/val")}
    folders |= {"ilsvrc/ILSVRC2012_devkit_t12/data", "places205/trainvalsplit_places205"}
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "weights").mkdir()
    for name in ("alexnet", "vgg16", "googlenet"):
        (root / "weights" / f"{name}.safetensors").touch()
    (root / "weights/alexnetplusCAM_places205.caffemodel").touch()
    return root


@pytest.fixture(scope="module")
def planned(workflow_files, data_root):
    """Return a function that plans a study, with keys over its own: its jobs as planned_jobs prints."""
    folder = workflow_files("planned", {}).folder

    def plan(study, **keys):
        config = {"study": study, "data_root": str(data_root), **keys}
        done = subprocess.run(
            [
                *(sys.executable, Path(__file__).with_name("planned_jobs.py")),
                *(str(folder / "workflow" / "Snakefile"), json.dumps(config)),
            ],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return plan


@pytest.fixture(scope="module")
def rehearsed(planned):
    return planned("rehearsal")


@pytest.fixture(scope="module")
def overlay(repository):
    """What the rehearsal's own file says."""
    return yaml.safe_load((repository / "workflow/studies/rehearsal.yaml").read_text())


@pytest.fixture(scope="module")
def allowed(repository, overlay):
    studies = repository / "workflow" / "studies"
    paper, rehearsal = (
        load_configuration({"study": name}, studies) for name in ("paper", "rehearsal")
    )
    return allowed_changes(paper, rehearsal, set(leaves(overlay)) - {"base"})


def test_the_rehearsals_file_is_a_handful_of_settings_over_the_papers(overlay):
    assert overlay["base"] == "paper"
    assert set(leaves(overlay)) - {"base"} == set(FLAGS)


def test_every_job_is_the_paper_studys_but_for_the_overlaid_flags(planned, rehearsed, allowed):
    paper = planned("paper")
    assert len(paper) > 200
    assert {job["rule"] for job in paper} >= {"train", "pack", "adopt", "find_units", "submit"}
    assert differences(paper, rehearsed, allowed) == []


@pytest.mark.slow  # a plan of the paper study each
@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"boxes": {"threshold": 0.35}}, "paper's --threshold 0.35"),
        ({"training": {"recipe": {"rate": 0.01}}}, "paper's --recipe rate=0.01"),
        ({"networks": {"VGGnet": {"backprop": False}}}, "in one graph only: predict"),
        ({"networks": {"NIN": {"recipe": {"seed": 1}}}}, "paper's --recipe seed=1"),
        ({"units": {"top": 5}}, "paper's --top 5"),
        # A key that the rehearsal overlays, at another place than its own.
        ({"vqa": {"batch": 8}}, "paper's --batch 8"),
    ],
)
def test_a_flag_that_changes_in_one_of_the_two_is_found(planned, rehearsed, allowed, keys, found):
    lines = differences(planned("paper", **keys), rehearsed, allowed)
    assert any(found in line for line in lines), lines


def test_what_changes_in_the_papers_file_changes_in_the_rehearsal(repository, tmp_path):
    for file in (repository / "workflow" / "studies").glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    values = yaml.safe_load((tmp_path / "paper.yaml").read_text())
    values["boxes"] = {"threshold": 0.35}
    values["networks"]["NIN"]["recipe"] |= {"rate": 0.5}
    del values["networks"]["AlexNet-GAP"]
    (tmp_path / "paper.yaml").write_text(yaml.safe_dump(values))
    rehearsal = load_configuration({"study": "rehearsal"}, tmp_path)
    assert rehearsal.boxes.threshold == 0.35
    assert rehearsal.networks["NIN"].recipe == {
        **{"epochs": 0.013, "batch": 4, "rate": 0.5, "milestones": [0.5, 0.8]}
    }
    assert "AlexNet-GAP" not in rehearsal.networks
