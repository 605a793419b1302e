"""The flags that a study puts on the command lines of its jobs."""

import os
import shlex
from types import SimpleNamespace

import pytest

from pipeline_lib.data.readers import READERS
from pipeline_lib.steps.cluster import preflight
from pipeline_lib.steps.data import index
from pipeline_lib.steps.discovery import mine_concepts
from pipeline_lib.steps.localization import (
    localize,
    measure_faithfulness,
    predict,
    randomize,
)
from pipeline_lib.steps.networks import adopt, start_weights, train
from pipeline_lib.steps.units import find_units
from pipeline_lib.study import flags
from pipeline_lib.study.files import every_file
from pipeline_lib.study.missing import missing_data
from pipeline_lib.study.paths import VAL


def wildcards(**values):
    return SimpleNamespace(**values)


def parsed(step, text, *rest):
    """Return what a step makes of flags; ``rest`` are its required ones that are files."""
    return step.make_parser().parse_args([*shlex.split(text), *rest])


def test_each_image_set_is_read_by_options_that_index_knows(make_study):
    mini = make_study(concepts={"captions": "/data/my captions.tsv"})
    for name in mini.image_sets:
        text = flags.data.index(mini, wildcards(image_set=name))
        assert name in READERS
        parsed(index, text, "--layout", name, "--root", "x", "--images", "y")
    scenes = parsed(
        *(index, flags.data.index(mini, wildcards(image_set="scenes"))),
        *("--layout", "scenes", "--root", "x", "--images", "y"),
    )
    assert dict(scenes.option)["categories"] == 5
    concepts = flags.data.index(mini, wildcards(image_set="concepts"))
    assert shlex.split(concepts) == ["--option", "captions=/data/my captions.tsv"]


def test_only_random_splits_are_made_smaller(make_study):
    mini = make_study()
    assert flags.data.index(mini, wildcards(image_set="event8")) == "--train 12 --repeats 3"
    assert flags.data.index(mini, wildcards(image_set="cub")) == ""  # an official split
    assert flags.data.index(mini, wildcards(image_set="sun-attribute")) == ""  # 102 attributes
    assert (
        flags.data.index(make_study(study="paper", data_root="/x"), wildcards(image_set="event8"))
        == ""
    )


def test_unreadable_images_are_skipped_in_every_set_where_the_study_says_so(make_study, tmp_path):
    keys = {"study": "paper", "data_root": str(tmp_path), "prediction": {"threads": 6}}
    keys |= {"discovery": {"sets": "all"}}
    default = make_study(**keys)
    skipping = make_study(**keys, images={"unreadable": "skip"})
    assert (flags.data.index_threads(default), flags.data.index_threads(skipping)) == (1, 6)
    assert len(skipping.image_sets) > 15
    for name in skipping.image_sets:
        before = flags.data.index(default, wildcards(image_set=name))
        assert "unreadable" not in before  # no manifest of an earlier version is made again
        text = flags.data.index(skipping, wildcards(image_set=name))
        assert shlex.split(text) == [*shlex.split(before), "--unreadable", "skip"]
        arguments = parsed(index, text, "--layout", name, "--root", "x", "--images", "y")
        assert arguments.unreadable == "skip"


def test_drawn_folders_are_inputs_and_official_ones_are_known_by_their_contents(
    make_study, tmp_path
):
    (tmp_path / "ilsvrc" / "val").mkdir(parents=True)
    small = make_study(study="small", data_root=str(tmp_path))
    val = wildcards(image_set=VAL)
    assert flags.data.drawn_folders(small, val) == []
    before = flags.data.official_contents(small, val)
    (tmp_path / "ilsvrc" / "val" / "ILSVRC2012_val_00000001.JPEG").touch()
    assert flags.data.official_contents(small, val) != before
    cub = wildcards(image_set="cub")
    assert flags.data.drawn_folders(make_study(), cub) == [
        "results/mini/world/transfer/CUB_200_2011"
    ]
    assert flags.data.official_contents(make_study(), cub) == ""
    assert flags.data.drawn_folders(make_study(), wildcards(image_set="photographs")) == []


def test_training_is_told_its_own_keys_and_no_default(make_study):
    nin = {"label": "N*N", "options": {"width": 0.5}, "recipe": {"epochs": 3}}
    mini = make_study(networks={"NIN": nin, "VGGnet": {"crop": 96}})
    arguments = parsed(
        *(train, flags.networks.train(mini, wildcards(network="NIN"))),
        *("--images", "x", "--checkpoints", "y", "--out", "z"),
    )
    assert (arguments.name, arguments.architecture) == ("N*N", "nin")
    assert dict(arguments.option) == {"width": 0.5, "half_input": True, "batch_norm": True}
    recipe = dict(arguments.recipe)
    assert recipe["epochs"] == 3  # the network's own
    assert recipe["batch"] == 8  # the study's
    assert "momentum" not in recipe
    assert (arguments.warp, arguments.crop, arguments.start) == (128, 112, None)
    assert arguments.shards is None
    vgg = parsed(
        *(train, flags.networks.train(mini, wildcards(network="VGGnet"))),
        *("--images", "x", "--checkpoints", "y", "--out", "z"),
    )
    assert vgg.crop == 96
    paper = make_study(study="paper", data_root="/nowhere")
    gap = flags.networks.train(paper, wildcards(network="GoogLeNet-GAP"))
    assert gap.endswith("--start googlenet")
    assert flags.networks.shards(paper) == "--shards results/paper/scratch/packed/ilsvrc-train"
    assert flags.networks.shards(mini) == ""


def test_training_starts_from_a_file_of_the_run(make_study, tmp_path):
    keys = {"study": "paper", "data_root": str(tmp_path)}
    paper = make_study(**keys, networks={"VGGnet-GAP": {"start": "released:VGGnet"}})
    assert paper.starts == {
        "googlenet": "googlenet", "released-VGGnet": "released:VGGnet", "alexnet": "alexnet"
    }  # fmt: skip
    for network, name in (("GoogLeNet-GMP", "googlenet"), ("VGGnet-GAP", "released-VGGnet")):
        path = f"results/paper/networks/start/{name}.safetensors"
        job = wildcards(network=network)
        assert flags.networks.start_weights(paper, job) == [path]
        assert flags.networks.start_file(paper, job) == f"--start-weights {path}"
        assert path in every_file(paper)
    assert flags.networks.start_weights(paper, wildcards(network="NIN")) == []
    assert flags.networks.start_file(paper, wildcards(network="NIN")) == ""
    job = wildcards(start="released-VGGnet")
    assert flags.networks.start(paper, job) == "--start released:VGGnet"
    parsed(start_weights, flags.networks.start(paper, job), "--out", "x")
    assert flags.networks.own_start(paper, job) == []
    (lost,) = missing_data(paper, [paper.paths.start_weights("released-VGGnet")])
    assert "weights/VGG_ILSVRC_16_layers.caffemodel" in lost
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "VGG_ILSVRC_16_layers.caffemodel").touch()
    assert [os.path.basename(path) for path in flags.networks.own_start(paper, job)] == [
        "VGG_ILSVRC_16_layers.caffemodel"
    ]
    assert missing_data(paper, [paper.paths.start_weights("released-VGGnet")]) == []


def test_the_precision_of_predictions_is_said_where_it_is_not_the_default(make_study):
    job = wildcards(map_source="network", crops="one-crop", network="NIN", image_set=VAL)
    assert "--precision" not in flags.measures.predict(make_study(), job)
    faster = make_study(prediction={"precision": "tf32"})
    assert flags.measures.predict(faster, job).endswith(" --precision tf32")
    files = ("--network", "x", "--images", "y", "--root", "r", "--out", "z")
    assert parsed(predict, flags.measures.predict(faster, job), *files).precision == "tf32"
    assert parsed(find_units, flags.measures.units(faster, job), *files).precision == "tf32"


def test_ready_trained_networks_are_taken_by_the_name_their_source_knows(make_study, tmp_path):
    keys = {"study": "paper", "data_root": str(tmp_path)}
    paper = make_study(**keys, networks={"VGGnet-GAP": {"weights": "released"}})
    vgg = parsed(adopt, flags.networks.adopt(paper, wildcards(network="VGGnet")), "--out", "x")
    assert (vgg.network, vgg.library, vgg.name) == ("vgg16", "torchvision", "VGGnet")
    gap = flags.networks.adopt(paper, wildcards(network="VGGnet-GAP"))
    assert gap == "--released VGGnet-GAP --name VGGnet-GAP"
    assert flags.networks.own_weights(paper, wildcards(network="VGGnet")) == []
    (tmp_path / "weights").mkdir()
    for suffix in ("pth", "safetensors"):
        (tmp_path / "weights" / f"vgg16.{suffix}").touch()
    own = flags.networks.own_weights(paper, wildcards(network="VGGnet"))
    assert [os.path.basename(path) for path in own] == ["vgg16.safetensors"]


@pytest.mark.parametrize(
    ("source", "crops", "network", "text"),
    [
        ("network", "one-crop", "GoogLeNet-GAP", "--crops 1"),
        ("network", "ten-crop", "GoogLeNet-GAP", "--crops 10"),
        ("network", "one-crop", "AlexNet", "--method grad-cam --layer 'features[1]' --crops 1"),
        ("backprop", "ten-crop", "AlexNet", "--method backprop --crops 10"),
        ("svm", "one-crop", "AlexNet", "--classifier results/mini/svm/cub/whole/AlexNet.npz"),
    ],
)
def test_maps_are_made_as_their_path_says(make_study, source, crops, network, text):
    mini = make_study(networks={"AlexNet": {"layer": "features[1]"}})
    image_set = "cub-picked" if source == "svm" else VAL
    job = wildcards(map_source=source, crops=crops, network=network, image_set=image_set)
    assert flags.measures.predict(mini, job) == text
    parsed(predict, text, *("--network", "x", "--images", "y", "--root", "z", "--out", "o"))


def test_maps_of_an_svm_over_ten_crops_are_left_to_the_step_to_refuse(make_study):
    job = wildcards(map_source="svm", crops="ten-crop", network="AlexNet", image_set="cub")
    assert flags.measures.predict(make_study(), job).endswith("AlexNet.npz --crops 10")


def test_checks_are_told_how_much_to_do_and_where_grad_cam_reads(make_study):
    keys = {"networks": {"AlexNet": {"layer": "features[1]"}}}
    mini = make_study(**keys, checks={"randomized_images": 9}, prediction={"precision": "tf32"})
    files = ("--network", "x", "--predictions", "p", "--images", "y", "--root", "r", "--out", "z")
    text = flags.measures.randomize(mini, wildcards(network="AlexNet"))
    arguments = parsed(randomize, text, *files)
    assert (arguments.randomized_images, arguments.randomized_stages) == (9, 12)
    assert (arguments.layer, arguments.precision) == ("features[1]", "tf32")
    text = flags.measures.faithfulness(mini, wildcards(network="NIN"))
    arguments = parsed(measure_faithfulness, text, *files)
    assert (arguments.faithfulness_images, arguments.layer) == (200, None)


def test_faithfulness_is_measured_of_all_maps_where_the_study_asks_for_it(make_study):
    mini = make_study()
    assert mini.faithfulness_maps == []
    assert "results/mini/checks/randomized/GoogLeNet-GAP.csv" in every_file(mini)
    asked = make_study(checks={"measures": ["faithfulness"]})
    new = set(every_file(asked)) - set(every_file(mini))
    path = "results/mini/checks/faithfulness/backprop/one-crop/AlexNet"
    assert {f"{path}.csv", f"{path}.images.csv"} < new
    assert len(new) == 2 * len(asked.swept_maps)


def test_only_the_papers_box_method_has_a_threshold(make_study):
    mini = make_study(boxes={"threshold": 0.3, "interpolation": "nearest"})
    paper = flags.measures.localize(mini, wildcards(box_method="paper"))
    assert paper == "--interpolation nearest --threshold 0.3"
    files = ("--predictions", "x", "--images", "y", "--out", "z", "--box-method", "paper")
    assert parsed(localize, paper, *files).threshold == 0.3
    assert (
        flags.measures.localize(mini, wildcards(box_method="graphcut")) == "--interpolation nearest"
    )


def test_birds_are_cropped_to_the_boxes_of_the_papers_method(make_study):
    mini = make_study()
    job = {"image_set": "cub", "network": "GoogLeNet-GAP"}
    assert flags.measures.features(mini, wildcards(**job, crop="whole")) == ""
    assert flags.measures.features(mini, wildcards(**job, crop="box")) == (
        "--boxes results/mini/data/cub/boxes.csv"
    )
    assert flags.measures.features(mini, wildcards(**job, crop="cam")) == (
        "--boxes results/mini/boxes/cub/svm/one-crop/paper/GoogLeNet-GAP.csv"
    )


def test_concepts_are_named_or_mined(make_study):
    files = "--features a --images b --annotations c --out d --concepts e --ranking f --picked g"
    mined = parsed(mine_concepts, flags.measures.concepts(make_study()), *files.split())
    assert (mined.phrases, mined.count, mined.min_images) == (None, 20, 20)
    named = make_study(concepts={"phrases": ["a red bus", "it's"], "show": 2})
    text = flags.measures.concepts(named)
    assert parsed(mine_concepts, text, *files.split()).phrases == ["a red bus", "it's"]
    assert "--count" not in text


def test_units_are_shown_of_the_classes_named(make_study):
    mini = make_study(units={"classes": ["007", "hen of the woods"], "stride": 2})
    arguments = parsed(
        *(find_units, flags.measures.units(mini, wildcards(image_set=VAL))),
        *("--network", "x", "--images", "y", "--root", "r", "--names", "n", "--out", "z"),
    )
    assert arguments.classes == ["007", "hen of the woods"]
    assert arguments.stride == 2
    assert "--classes" not in flags.measures.units(mini, wildcards(image_set="places205-val"))


def test_one_process_trains_without_torchrun_and_several_with(make_study):
    assert flags.networks.launcher(make_study()) == "python -m"
    several = flags.networks.launcher(make_study(training={"processes": 4}))
    assert several.startswith("python -m torch.distributed.run --standalone --nproc-per-node 4 ")
    nodes = flags.networks.launcher(make_study(training={"processes": 4, "nodes": 2}))
    assert nodes.startswith("srun --nodes 2 --ntasks 2 ")
    assert "--nnodes 2 --rdzv-backend c10d" in nodes
    assert all(text.endswith(" -m --") for text in (several, nodes))


def test_preflight_asks_for_what_the_study_cannot_do_without(make_study, tmp_path):
    def asked(study):
        given = ["--study", "x", "--results", "r", "--probes", "p", "--out", "o"]
        words = shlex.split(flags.run.preflight(study, every_file(study)))
        return preflight.make_parser().parse_args([*given, *words])

    mini = asked(make_study())
    assert (mini.sets, mini.missing, mini.gpus) == ([], [], 0)
    assert mini.plan_command == "snakemake plan --cores 1 --config study=mini"
    every = {"study": "paper", "data_root": str(tmp_path), "discovery": {"sets": "all"}}
    paper = asked(make_study(**every, training={"processes": 4}))
    assert (paper.data_root, paper.gpus) == (tmp_path, 4)
    assert {"ilsvrc_train", "cub", "sun_attribute", "places205", "vqa"} <= set(paper.sets)
    assert "ilsvrc_test" not in paper.sets
    for subject in ("Places205", "AlexNetplus-GAP-Places205's weights", "ILSVRC2012 train"):
        assert any(line.startswith(f"{subject} at {tmp_path}/") for line in paper.missing), subject
    assert paper.weights == [f"{name}=" for name in ("googlenet", "vgg16", "alexnet")]
    (tmp_path / "weights").mkdir()
    file = tmp_path / "weights" / "vgg16.pth"
    file.touch()
    assert f"vgg16={file}" in asked(make_study(**every)).weights
    small = asked(make_study(study="small", data_root=str(tmp_path)))
    assert small.sets == ["ilsvrc_val", "ilsvrc_devkit", "ilsvrc_val_boxes"]


def test_jobs_must_see_the_results_the_data_and_the_scratch(make_study, tmp_path):
    assert flags.run.shared_folders(make_study(), "") == ["results"]
    small = make_study(study="small", data_root=str(tmp_path))
    assert flags.run.shared_folders(small, "/fast") == ["results", str(tmp_path), "/fast"]
