"""What a study consists of, from its configuration and what lies in data_root."""

import re
from itertools import product

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.downloads import downloads
from pipeline_lib.localization import predictions
from pipeline_lib.reporting.catalogue import TABLES, available
from pipeline_lib.study.configuration import localization
from pipeline_lib.study.files import every_file
from pipeline_lib.study.flags.run import shared_folders
from pipeline_lib.study.missing import missing_data, sets_of
from pipeline_lib.study.networks import training_of
from pipeline_lib.study.paths import (
    BACKPROP,
    GAUSSIAN,
    NETWORK,
    ONE_CROP,
    SVM,
    TEN_CROP,
    VAL,
    Maps,
    Paths,
)
from pipeline_lib.study.places import no_places
from pipeline_lib.study.released import released_networks
from pipeline_lib.study.study import box_methods, build_study

MINI = (
    *("GoogLeNet-GAP", "GoogLeNet-GMP", "VGGnet-GAP", "AlexNet-GAP", "AlexNetplus-GAP"),
    *("GoogLeNet", "VGGnet", "AlexNet", "NIN"),
)


def add_places_network(data_root):
    file = released_networks()["AlexNetplus-GAP-Places205"]["file"]
    (data_root / "weights").mkdir()
    (data_root / "weights" / file).touch()


PAPER = {"study": "paper", "data_root": "/nowhere", "discovery": {"sets": "all"}}


@pytest.mark.parametrize("keys", [{}, {"study": "tiny"}, PAPER])
def test_no_two_artefacts_share_a_path(make_study, keys):
    study = make_study(**keys)
    files = every_file(study)
    files += [file for artefact in available(study) for file in artefact.files(study)]
    assert len(files) == len(set(files))
    assert all(file.startswith(f"results/{study.name}/") for file in files)


def test_paths_differ_whatever_a_network_is_called():
    paths = Paths("results/mini")
    sets, names = ("ilsvrc-val", "cub", "vqa"), ("NIN", "sweep", "paper", "whole", "ten-crop")
    sources, crops = (NETWORK, SVM, BACKPROP), (ONE_CROP, TEN_CROP)
    maps = [Maps(*each) for each in product(sets, sources, crops, names)]
    of_val = [each for each in maps if each.image_set == "ilsvrc-val"]  # scores are of these alone
    methods = ("paper", "authors", "graphcut")
    files = [paths.predictions(each) for each in maps] + [paths.curve(each) for each in of_val]
    files += [paths.boxes(*each) for each in product(maps, methods)]
    files += [paths.scores(*each) for each in product(of_val, (*methods, "sweep"))]
    files += [paths.centred_scores, paths.bird_boxes, paths.report, paths.packed]
    fitted = list(product(sets, ("whole", "cam", "box"), names))
    files += [paths.features(*each) for each in fitted]
    files += [paths.partial_features(*each) for each in fitted]
    for suffix in ("npz", "csv", "decisions.csv", "json"):
        files += [paths.svm(*each, suffix) for each in fitted]
    files += [paths.units(*each) for each in product(sets, names)]
    for of_network in (paths.weights, paths.card, paths.history, paths.checkpoints):
        files += map(of_network, names)
    assert len(files) == len(set(files))


def test_networks_are_trained_taken_from_a_library_or_released(make_study):
    networks = make_study(
        **PAPER, networks={"NIN": {"weights": "released"}, "resnet50": None}
    ).networks
    sources = {name: network.source for name, network in networks.items()}
    assert sources["GoogLeNet-GAP"] == "trained"
    assert sources["GoogLeNet"] == sources["resnet50"] == "library"
    assert sources["NIN"] == "released"
    assert networks["AlexNetplus-GAP"].label == "AlexNet*-GAP"
    assert networks["GoogLeNet"].library_name == "googlenet"
    only_shown = [name for name, network in networks.items() if not network.compared]
    assert only_shown == ["AlexNetplus-GAP-Places205"]  # for Figure 13 alone


def test_a_network_left_out_is_in_no_list(make_study):
    study = make_study(networks={"NIN": False})
    assert "NIN" not in study.networks
    assert len(study.one_crop_maps) == 8


def test_a_networks_own_recipe_goes_over_the_studys(make_study):
    study = make_study()
    config = study.configuration
    assert training_of(config, study.networks["VGGnet"]).epochs == 5
    assert training_of(config, study.networks["GoogLeNet-GAP"]).epochs == 4
    assert training_of(config, study.networks["VGGnet"]).batch == 8


def test_maps_and_their_box_methods(make_study):
    study = make_study()
    assert len(study.one_crop_maps) == 9
    assert [maps.network for maps in study.ten_crop_maps] == [
        name
        for name in study.compared
        if name not in ("VGGnet", "AlexNet")  # these have Grad-CAM
    ]
    assert study.gradient_maps == [
        Maps(VAL, BACKPROP, ONE_CROP, name) for name in ("GoogLeNet", "VGGnet", "AlexNet")
    ]
    assert make_study(**PAPER).backprop_maps("AlexNet").crops == TEN_CROP
    methods = {(maps.source, maps.crops): box_methods(maps) for maps in study.maps}
    assert methods == {
        (NETWORK, ONE_CROP): ("paper",),
        (NETWORK, TEN_CROP): ("authors",),
        (BACKPROP, ONE_CROP): ("graphcut", "authors"),
    }


@pytest.mark.parametrize(
    ("changed", "ten_crops"),
    [
        ({}, True),
        ({"maps": "cam"}, True),
        ({"maps": "layer-cam"}, False),
        ({"maps": "eigen-cam"}, False),
        ({"layer": "trunk.conv5"}, False),  # Grad-CAM reads it
    ],
)
def test_only_class_maps_are_averaged_over_ten_crops(make_study, changed, ten_crops):
    study = make_study(networks={"NIN": changed})
    assert ("NIN" in {maps.network for maps in study.ten_crop_maps}) == ten_crops
    assert len(study.one_crop_maps) == 9


def test_the_folders_may_begin_with_the_home_and_end_with_a_slash(
    make_study, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    photographs = {"folder": "~/mine", "network": "tf_efficientnet_lite0"}
    keys = {"data_root": "~/data/", "results": "~/out/", "photographs": photographs}
    study = make_study(study="small", **keys)
    assert study.data_root == f"{tmp_path}/data"
    assert study.paths.report == f"{tmp_path}/out/small/report/index.html"
    assert study.root("photographs") == f"{tmp_path}/mine"
    assert shared_folders(study, "") == [f"{tmp_path}/out", f"{tmp_path}/data"]


def test_results_below_a_name_that_is_a_wildcard_are_refused(make_study):
    with pytest.raises(InputError, match=r"config.results: out\{1\} has a brace"):
        make_study(results="out{1}")


def test_a_synthetic_study_has_every_set_below_its_results(make_study):
    study = make_study()
    assert len(study.image_sets) == 3 + 1 + 9 + 4  # ILSVRC, photographs, sections 4 and 4.2
    for name, image_set in study.image_sets.items():
        if name != "photographs":
            assert image_set.root.startswith("results/mini/world/")
    assert "ilsvrc-test" not in make_study(world={"test_images": 0}).image_sets
    assert missing_data(study, every_file(study)) == []


def test_a_study_of_real_data_has_the_sets_that_are_there(make_study, tmp_path):
    keys = {"study": "small", "data_root": str(tmp_path)}
    assert list(make_study(**keys).image_sets) == ["ilsvrc-val"]
    for folder in ("Stanford40", "coco", "svt1", "SUN397", "ilsvrc/test", "places205"):
        (tmp_path / folder).mkdir(parents=True)
    add_places_network(tmp_path)
    study = make_study(**keys)
    assert set(study.image_sets) == {
        *("ilsvrc-val", "ilsvrc-test", "places205-val"),
        *("action40", "sun397", "concepts", "text"),
    }
    assert list(study.unit_sets) == ["units", "units-places205"]
    assert study.figure8_sets == ["action40", "sun397"]
    assert len(study.ilsvrc_submissions) == 2
    named = make_study(**keys, transfer={"sets": ["Event8"]}, discovery={"sets": []})
    assert named.of_chapter("transfer", "discovery") == ["event8"]


def test_captions_of_ones_own_need_no_published_set(make_study, tmp_path):
    captions = tmp_path / "mine.tsv"
    captions.touch()
    data_root = tmp_path / "data"
    study = make_study(
        study="small", data_root=str(data_root), concepts={"captions": str(captions)}
    )
    concepts = study.image_sets["concepts"]
    assert (concepts.root, concepts.folders) == (str(tmp_path), (str(captions),))
    assert concepts.published == ()


def test_missing_data_are_a_line_each_with_size_and_source(make_study, tmp_path):
    study = make_study(study="paper", data_root=str(tmp_path))
    lines = missing_data(study, every_file(study))
    (train,) = (line for line in lines if f"{tmp_path}/ilsvrc/train: " in line)
    assert "147.897 GB" in train
    assert "image-net.org" in train
    assert any("snakemake fetch_cub" in line for line in lines)
    only_val = missing_data(study, [study.paths.manifest(VAL)])
    assert not any("/train: " in line for line in only_val)
    assert "ilsvrc_test" not in sets_of(study)


def test_every_set_may_be_asked_for_whatever_is_there(make_study, tmp_path):
    every = {"transfer": {"sets": "all"}, "discovery": {"sets": "all"}}
    study = make_study(study="small", data_root=str(tmp_path), **every)
    assert len(study.of_chapter("transfer")) == 9
    assert study.of_chapter("discovery") == ["scenes", "concepts", "text", "vqa"]
    assert study.of_chapter("places205") == ["places205-val"]
    lines = "\n".join(missing_data(study, every_file(study)))
    for key in sets_of(study):
        folder = downloads()[key].folder
        assert f" at {tmp_path}/{folder}" in lines, key


def test_places205_brings_its_released_network_for_figure_13_alone(make_study, tmp_path):
    (tmp_path / "places205").mkdir()
    name = "AlexNetplus-GAP-Places205"
    alone = make_study(study="small", data_root=str(tmp_path))
    assert "units-places205" not in alone.unit_sets
    file = released_networks()[name]["file"]
    reason = no_places(alone.configuration, alone.data_root)
    assert reason.startswith(f"needs {tmp_path}/weights/{file}, from http")
    add_places_network(tmp_path)
    study = make_study(study="small", data_root=str(tmp_path))
    assert study.networks[name].source == "released"
    assert name not in study.compared
    assert name in study.adopted
    assert study.unit_sets["units-places205"] == ("places205-val", name)
    (tmp_path / "weights" / file).unlink()
    own = {"units": {"places_network": "squeezenet1_0"}}
    study = make_study(study="small", data_root=str(tmp_path), **own)
    assert name not in study.networks
    assert study.unit_sets["units-places205"][1] == "squeezenet1_0"
    assert "units-places205" not in make_study().unit_sets  # the synthetic study has no places


def test_the_photographs_network_is_not_in_the_tables(make_study):
    study = make_study()
    name = study.configuration.photographs.network
    assert study.networks[name].source == "library"
    assert name not in study.compared
    assert study.photographs_maps == [Maps("photographs", NETWORK, ONE_CROP, name)]
    assert make_study(**PAPER).photographs_maps == []


def test_svms_are_fitted_for_each_network_but_birds_by_the_main_one(make_study):
    study = make_study(transfer={"networks": ["GoogLeNet-GAP", "AlexNet"], "sets": "all"})
    birds = [crop for name, crop, network in study.fitted if name == "cub"]
    assert birds == ["whole", "cam", "box"]
    assert {network for name, _, network in study.fitted if name == "cub"} == {"GoogLeNet-GAP"}
    others = [each for each in study.fitted if each[0] != "cub"]
    assert len(others) == len(set(others)) == 8 * 2
    assert {crop for _, crop, _ in others} == {"whole"}
    no_birds = make_study(transfer={"sets": ["Event8"], "networks": ["AlexNet"]})
    assert no_birds.fitted == [("event8", "whole", "AlexNet")]
    left_out = make_study(transfer={"networks": ["NIN", "AlexNet"]}, networks={"NIN": False})
    assert left_out.feature_networks == ["AlexNet"]


def test_figure_8_shows_the_papers_sets_or_others_where_these_are_missing(make_study):
    assert make_study().figure8_sets == ["action40", "caltech256", "sun397", "event8"]
    some = ["Event8", "Scene15", "Caltech101", "MIT Indoor67", "SUN Attribute"]
    assert make_study(transfer={"sets": some}).figure8_sets == [
        *("event8", "scene15", "caltech101", "indoor67")
    ]
    assert make_study(transfer={"networks": ["AlexNet"]}).figure8_sets == []  # not the main one


def test_submissions_need_test_images_and_questions(make_study, tmp_path):
    study = make_study()
    assert [file.rpartition("/")[2] for file in study.ilsvrc_submissions] == [
        "GoogLeNet-GAP-plain.txt",
        "GoogLeNet-GAP-heuristics.txt",
    ]
    assert list(study.vqa_submissions) == ["OpenEnded", "MultipleChoice"]
    assert make_study(world={"test_images": 0}).ilsvrc_submissions == []
    assert make_study(discovery={"sets": ["text"]}).vqa_submissions == {}
    keys = {"study": "small", "data_root": str(tmp_path), "discovery": {"sets": ["vqa"]}}
    (tmp_path / "coco" / "test2015").mkdir(parents=True)
    (tmp_path / "vqa").mkdir()
    assert make_study(**keys).vqa_submissions == {}
    (tmp_path / "vqa" / "OpenEnded_mscoco_test2015_questions.json").touch()
    assert list(make_study(**keys).vqa_submissions) == ["OpenEnded"]
    (tmp_path / "vqa" / "MultipleChoice_mscoco_test2015_questions.json").touch()
    assert list(make_study(**keys).vqa_submissions) == ["OpenEnded", "MultipleChoice"]


def test_figure_13_shows_the_papers_network_or_the_main_one(make_study):
    assert make_study().units_network == "AlexNetplus-GAP"
    assert make_study(networks={"AlexNetplus-GAP": False}).units_network == "GoogLeNet-GAP"
    assert make_study(units={"network": "NIN"}).units_network == "NIN"


def test_scratch_holds_what_can_be_made_again(configured):
    paths = build_study(configured()).paths
    assert paths.checkpoints("NIN") == "results/mini/scratch/checkpoints/NIN"
    assert paths.packed.startswith("results/mini/scratch/")
    assert paths.weights("NIN") == "results/mini/networks/NIN.safetensors"


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"study": "small"}, "config.data_root: study small needs it; add --config data_root=DIR"),
        ({"networks": dict.fromkeys(MINI, False)}, "config.networks: leaves out every network"),
        (
            {"study": "paper", "data_root": "x", "discovery": {"sets": "all"}}
            | {"units": {"places_network": "y"}},
            "config.units.places_network: 'y' was not released",
        ),
        ({"figures": {"network": "VGG"}}, "config.figures.network: 'VGG' is not in networks"),
        (
            {"figures": {"network": "VGG-GAP"}},
            "config.figures.network: 'VGG-GAP' is not in networks; did you mean VGGnet-GAP?",
        ),
        ({"transfer": {"networks": ["x"]}}, "config.transfer.networks: 'x' is not in networks"),
        ({"units": {"network": "y"}}, "config.units.network: 'y' is not in networks"),
        ({"transfer": {"sets": ["SUN398"]}}, "config.transfer.sets: 'SUN398' is not one of SUN397"),
        ({"discovery": {"sets": ["scene"]}}, "config.discovery.sets: 'scene' is not one of scenes"),
        (
            {"networks": {"GoogLeNet-GMP": {"weights": "released"}}},
            "config.networks.GoogLeNet-GMP: was not released; there are GoogLeNet-GAP",
        ),
    ],
)
def test_names_that_do_not_fit_together_are_one_line(make_study, keys, line):
    with pytest.raises(InputError) as error:
        make_study(**keys)
    assert str(error.value).startswith(line)
    assert "\n" not in str(error.value)


def test_every_method_has_maps_of_its_own_but_what_the_networks_own_maps_are(make_study):
    methods = ["cam", "grad-cam", "backprop"]
    given = {"methods": methods, "networks": ["VGGnet", "NIN"]}
    study = make_study(map_methods=given)
    found = {(maps.network, maps.source) for maps in study.method_maps}
    # VGGnet ends in layers without positions: the study says that its own maps are by Grad-CAM.
    assert found == {
        *(("VGGnet", source) for source in (NETWORK, "backprop")),
        *(("NIN", source) for source in (NETWORK, "grad-cam", "backprop", "few-shot")),
    }
    assert {maps.crops for maps in study.method_maps} == {ONE_CROP}
    main_alone = make_study(map_methods={"networks": None})
    assert {maps.network for maps in main_alone.method_maps} == {"GoogLeNet-GAP"}


def test_a_network_that_there_is_not_cannot_be_compared(make_study):
    with pytest.raises(InputError, match=r"map_methods.networks: 'NINE' is not .*did you mean NIN"):
        make_study(map_methods={"networks": ["NINE"]})


def test_thresholds_are_chosen_on_imagenetv2_where_its_images_and_boxes_are(make_study, tmp_path):
    keys = {"study": "small", "data_root": str(tmp_path)}
    (tmp_path / "ilsvrc" / "val2").mkdir(parents=True)
    without = make_study(**keys)
    assert [without.held_out(maps) for maps in without.swept_maps] == [[]] * len(without.swept_maps)
    (tmp_path / "ilsvrc" / "metadata" / "val").mkdir(parents=True)
    study = make_study(**keys)
    maps = study.swept_maps[0]
    *tables, predictions = study.held_out(maps)
    assert predictions == study.paths.predictions(maps._replace(image_set="ilsvrc-val2"))
    assert {*tables, predictions} <= set(every_file(study))


def test_the_configuration_names_the_methods_that_predictions_have():
    """They are listed twice, since the configuration must not import what reads predictions."""
    assert localization.EVERY_METHOD == predictions.METHODS
    assert localization.PIXEL_METHODS == predictions.PIXEL_METHODS


HEADLESS = {
    "study": "small",
    "networks": {"dino": {"pretrained": "vit_small_patch14_dinov2", "head": "svm"}},
    "map_methods": {"networks": ["tf_efficientnet_lite0", "dino"], "methods": ["cam", "eigen-cam"]},
    "transfer": {"networks": ["tf_efficientnet_lite0", "dino"]},
}


def test_svms_take_the_place_of_a_head_where_there_are_images_to_fit_them(make_study, tmp_path):
    (tmp_path / "CUB_200_2011").mkdir()
    without = make_study(data_root=str(tmp_path), **HEADLESS)
    assert "dino" not in without.compared and without.headless == ["dino"]
    assert {each.network for each in without.method_maps} == {"tf_efficientnet_lite0"}
    reason = TABLES["table_maps"].absent(without)["dino"]
    assert reason == f"not computed: no ilsvrc/train in {tmp_path} to fit its head to"
    birds = [("cub", crop, "dino") for crop in ("whole", "cam", "box")]
    assert [each for each in without.fitted if each[2] == "dino"] == birds
    (tmp_path / "ilsvrc" / "train").mkdir(parents=True)
    study = make_study(data_root=str(tmp_path), **HEADLESS)
    assert study.method_maps[-1] == Maps(VAL, SVM, ONE_CROP, "dino")  # by one method alone
    assert [each.source for each in study.method_maps[:-1]] == [NETWORK, "eigen-cam", "few-shot"]
    fitted = ("ilsvrc-train-sampled", "whole", "dino")
    assert [each for each in study.fitted if each[2] == "dino"] == [*birds, fitted]
    assert "dino" not in TABLES["table_maps"].absent(study)
    needed = [str(file) for file in TABLES["table5"].files(study)]
    assert not any("ilsvrc-train" in file for file in needed)
    assert study.root("ilsvrc-train-sampled") == f"{tmp_path}/ilsvrc"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"figures": {"network": "dino"}}, "figures.network: 'dino' names no class"),
        ({"units": {"network": "dino"}}, "units.network: 'dino' names no class"),
        ({"networks": {"dino": {"head": "svm", "backprop": True}}}, "takes no backprop"),
        ({"networks": {"dino": {"head": "svm", "architecture": "nin"}}}, "takes no architecture"),
    ],
)
def test_a_network_without_a_head_is_refused_where_one_is_needed(
    make_study, tmp_path, changed, error
):
    with pytest.raises(InputError, match=re.escape(error)):
        make_study(data_root=str(tmp_path), **HEADLESS | changed)


def test_thresholds_of_birds_are_chosen_on_cubv2_where_it_is_there(make_study, tmp_path):
    (tmp_path / "CUB_200_2011").mkdir()
    birds = Maps("cub", SVM, ONE_CROP, "tf_efficientnet_lite0")
    keys = {"study": "small", "data_root": str(tmp_path)}
    assert make_study(**keys).held_out(birds) == []
    (tmp_path / "CUBV2" / "metadata" / "val").mkdir(parents=True)
    study = make_study(**keys)
    images, boxes, predictions = study.held_out(birds)
    assert (images, boxes) == tuple(study.paths.manifest("cubv2", n) for n in ("images", "boxes"))
    assert predictions == study.paths.predictions(birds._replace(image_set="cubv2"))
    assert study.held_out(birds._replace(image_set=VAL)) == []
    assert "cubv2" not in study.of_chapter("transfer")
    assert {images, boxes, predictions} <= set(every_file(study))


def test_openimages_is_in_table_maps_alone_where_it_is_there(make_study, tmp_path):
    given = {"study": "small", "data_root": str(tmp_path)}
    assert make_study(**given).svm_mapped == {}
    (tmp_path / "openimages30k" / "metadata" / "test").mkdir(parents=True)
    study = make_study(**given)
    networks = ["tf_efficientnet_lite0", "squeezenet1_0"]
    assert study.svm_mapped == {"openimages30k": [*networks, GAUSSIAN]}
    assert study.fitted == [("openimages30k", "whole", name) for name in networks]
    inputs = TABLES["table_maps"].inputs(study)
    assert inputs["openimages"] == [
        f"results/small/svm/openimages30k/maps/{name}.csv" for name in [*networks, GAUSSIAN]
    ]
    assert set(inputs["openimages"]) <= set(every_file(study))
    assert study.held_out(Maps("openimages30k", SVM, ONE_CROP, networks[0])) == []
    assert not TABLES["table5"].inputs(study)["scores"]
