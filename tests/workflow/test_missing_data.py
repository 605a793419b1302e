"""What is missing is said before any job starts: which folder, where to get it, how large it is."""

import pytest
import yaml

from pipeline_lib.reporting.catalogue import FIGURES, TABLES
from pipeline_lib.study.configuration.load import load_configuration
from pipeline_lib.study.study import build_study

pytestmark = pytest.mark.workflow
TARGETS = ("table1", "table2", "table3")


@pytest.fixture(scope="module")
def paper(workflow_files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    return workflow_files("paper", {"study": "paper", "data_root": str(folder)}), folder


def errors(done):
    return [line for line in done.stderr.splitlines() if line.startswith("error: ")]


def test_the_papers_graph_builds_without_data(paper):
    workflow, _ = paper
    jobs = workflow.planned(*TARGETS)
    assert (jobs["train"], jobs["adopt"], jobs["pack"]) == (6, 3, 1)


def test_the_papers_whole_graph_builds_without_data(paper):
    workflow, folder = paper
    every = {"transfer": {"sets": "all"}, "discovery": {"sets": "all"}}
    jobs = workflow.planned(**every)
    keys = {"study": "paper", "data_root": str(folder), **every}
    study = build_study(load_configuration(keys, workflow.folder / "workflow" / "studies"))
    expected = {
        "index": len(study.image_sets),
        "train": len(study.trained),
        "adopt": len(study.adopted),
        "fit": len(study.fitted) + 1,  # and text
        "features": len(study.fitted) + 4,  # and section 4.2's
        "find_units": 2,
        "sweep": len(study.swept_maps),
        "table": len(TABLES),
        "figure": len(FIGURES) - 1,  # without one by CLIP
    }
    assert {rule: jobs[rule] for rule in expected} == expected


def test_asked_to_run_it_lists_all_that_is_missing_and_starts_nothing(paper):
    workflow, folder = paper
    done = workflow.run(*TARGETS)
    assert done.returncode != 0
    lines = errors(done)
    for part in ("train", "val", "bbox/val", "ILSVRC2012_devkit_t12/data"):
        assert any(f"{folder}/ilsvrc/{part}: " in line for line in lines), part
    train = next(line for line in lines if "/ilsvrc/train: " in line)
    assert "147.897 GB" in train
    assert "image-net.org" in train
    assert not (workflow.folder / "results").exists()


def test_released_weights_need_no_training_images_but_their_files(paper):
    workflow, folder = paper
    released = yaml.safe_load(
        (workflow.folder / "pipeline_lib/networks/caffe/released.yaml").read_text()
    )
    of_imagenet = [name for name, release in released.items() if "classes" not in release]
    networks = {name: {"weights": "released"} for name in of_imagenet}
    networks |= dict.fromkeys(["AlexNet-GAP", "GoogLeNet-GMP"], False)
    jobs = workflow.planned(*TARGETS, networks=networks)
    assert "train" not in jobs
    assert jobs["adopt"] == len(of_imagenet) == 7
    lines = errors(workflow.run(*TARGETS, networks=networks))
    assert not any("/ilsvrc/train: " in line for line in lines)
    assert any(f"{folder}/weights/bvlc_googlenet.caffemodel: 0.054 GB" in line for line in lines)


def test_what_is_there_is_not_asked_for(paper):
    workflow, folder = paper
    (folder / "ilsvrc" / "val").mkdir(parents=True)
    assert not any("/ilsvrc/val: " in line for line in errors(workflow.run(*TARGETS)))
    devkit = folder / "ilsvrc" / "ILSVRC2012_devkit_t12" / "data"
    devkit.mkdir(parents=True)  # a file that is known by name must be there itself
    assert any(f"{devkit}/meta.mat: " in line for line in errors(workflow.run(*TARGETS)))


@pytest.mark.parametrize("study", ["paper", "mini"])
def test_data_are_checked_and_fetched_in_any_study_whatever_is_missing(
    workflow_files, tmp_path, study
):
    (tmp_path / "scene_categories" / "kitchen").mkdir(parents=True)
    workflow = workflow_files("any", {"study": study, "data_root": str(tmp_path)})
    for number in (1, 2):  # it looks again each time
        (tmp_path / "scene_categories" / "kitchen" / f"image_{number:04}.jpg").touch()
        done = workflow.run("check_data")
        assert done.returncode == 0, done.stderr
        assert f"{number} of 4,485 images" in done.stdout
    done = workflow.run("fetch_scene15")
    assert done.returncode == 0, done.stderr
    assert "there already" in done.stderr
    done = workflow.run("fetch_ilsvrc_train")
    assert done.returncode != 0
    assert [line for line in errors(done) if "image-net.org" in line and str(tmp_path) in line]


def test_without_a_folder_it_is_one_line(workflow_files):
    workflow = workflow_files("homeless", {"study": "mini"})
    for rule in ("check_data", "fetch_cub"):
        done = workflow.run(rule)
        assert done.returncode != 0
        assert {*errors(done)} == {  # the step says it, and Snakemake shows the step's log
            "error: config.data_root: not set; add --config data_root=DIR"
        }


def test_every_set_has_its_rule_and_none_runs_by_itself(workflow_files, repository):
    listed = yaml.safe_load((repository / "pipeline_lib/data/downloads.yaml").read_text())
    workflow = workflow_files("rules", {"study": "mini"})
    rules = {line.split(" (")[0] for line in workflow.run("--list-rules").stdout.splitlines()}
    assert {f"fetch_{key}" for key in listed} | {"check_data"} <= rules
    assert not {name for name in workflow.planned() if name.startswith(("fetch", "check"))}
