"""What a study consists of, from its configuration and what lies in data_root."""

import pytest

from pipeline_lib.common.errors import InputError
from pipeline_lib.reporting.catalogue import available
from pipeline_lib.study.files import every_file
from pipeline_lib.study.missing import missing_data, needed_sets
from pipeline_lib.study.networks import training_of
from pipeline_lib.study.paths import BACKPROP, NETWORK, ONE_CROP, TEN_CROP, VAL, Maps
from pipeline_lib.study.study import box_methods

PAPER = {"study": "paper", "data_root": "/nowhere"}


@pytest.mark.parametrize("keys", [{}, {"study": "tiny"}, PAPER])
def test_no_two_artefacts_share_a_path(study, keys):
    made = study(**keys)
    files = every_file(made)
    files += [file for artefact in available(made) for file in artefact.files(made)]
    assert len(files) == len(set(files))
    assert all(file.startswith(f"results/{made.name}/") for file in files)


def test_networks_are_trained_taken_from_a_library_or_released(study):
    networks = study(**PAPER, networks={"NIN": {"weights": "released"}, "resnet50": None}).networks
    sources = {name: network.source for name, network in networks.items()}
    assert sources["GoogLeNet-GAP"] == "trained"
    assert sources["GoogLeNet"] == sources["resnet50"] == "library"
    assert sources["NIN"] == "released"
    assert networks["AlexNetplus-GAP"].label == "AlexNet*-GAP"
    assert networks["GoogLeNet"].library_name == "googlenet"
    only_shown = [name for name, network in networks.items() if not network.compared]
    assert only_shown == ["AlexNetplus-GAP-Places205"]  # for Figure 13 alone


def test_a_network_left_out_is_in_no_list(study):
    made = study(networks={"NIN": False})
    assert "NIN" not in made.networks
    assert len(made.one_crop_maps) == 8


def test_a_networks_own_recipe_goes_over_the_studys(study):
    made = study()
    config = made.configuration
    assert training_of(config, made.networks["NIN"]).epochs == 4
    assert training_of(config, made.networks["GoogLeNet-GAP"]).epochs == 5
    assert training_of(config, made.networks["NIN"]).batch == 16


def test_maps_and_their_box_methods(study):
    made = study()
    assert len(made.one_crop_maps) == 9
    assert [maps.network for maps in made.ten_crop_maps] == [
        name
        for name in made.compared
        if name not in ("VGGnet", "AlexNet")  # these have Grad-CAM
    ]
    assert made.gradient_maps == [
        Maps(VAL, BACKPROP, ONE_CROP, name) for name in ("GoogLeNet", "VGGnet", "AlexNet")
    ]
    assert study(**PAPER).backprop_maps("AlexNet").crops == TEN_CROP
    methods = {(maps.source, maps.crops): box_methods(maps) for maps in made.maps}
    assert methods == {
        (NETWORK, ONE_CROP): ("paper",),
        (NETWORK, TEN_CROP): ("authors",),
        (BACKPROP, ONE_CROP): ("graphcut", "authors"),
    }


def test_a_synthetic_study_has_every_set_below_its_results(study):
    made = study()
    assert len(made.image_sets) == 3 + 1 + 9 + 4  # ILSVRC, photographs, sections 4 and 4.2
    for name, image_set in made.image_sets.items():
        if name != "photographs":
            assert image_set.root.startswith("results/mini/world/")
    assert "ilsvrc-test" not in study(world={"test_images": 0}).image_sets
    assert missing_data(made, every_file(made)) == []


def test_a_study_of_real_data_has_the_sets_that_are_there(study, tmp_path):
    keys = {"study": "small", "data_root": str(tmp_path)}
    assert list(study(**keys).image_sets) == ["ilsvrc-val"]
    for folder in ("Stanford40", "coco", "svt1", "SUN397", "ilsvrc/test", "places205"):
        (tmp_path / folder).mkdir(parents=True)
    made = study(**keys)
    assert set(made.image_sets) == {
        *("ilsvrc-val", "ilsvrc-test", "places205-val"),
        *("action40", "sun397", "concepts", "text"),
    }
    assert list(made.unit_sets) == ["units", "units-places205"]
    assert made.figure8_sets == ["action40", "sun397"]
    assert len(made.ilsvrc_submissions) == 2
    named = study(**keys, transfer={"sets": ["Event8"]}, discovery={"sets": []})
    assert named.of_chapter("transfer", "discovery") == ["event8"]


def test_captions_of_ones_own_need_no_published_set(study, tmp_path):
    captions = tmp_path / "mine.tsv"
    captions.touch()
    data_root = tmp_path / "data"
    made = study(study="small", data_root=str(data_root), concepts={"captions": str(captions)})
    concepts = made.image_sets["concepts"]
    assert (concepts.root, concepts.folders) == (str(tmp_path), (str(captions),))
    assert concepts.published == ()


def test_missing_data_are_a_line_each_with_size_and_source(study, tmp_path):
    made = study(study="paper", data_root=str(tmp_path))
    lines = missing_data(made, every_file(made))
    (train,) = (line for line in lines if f"{tmp_path}/ilsvrc/train: " in line)
    assert "147.897 GB" in train
    assert "image-net.org" in train
    assert any("snakemake fetch_cub" in line for line in lines)
    only_val = missing_data(made, [made.paths.manifest(VAL)])
    assert not any("/train: " in line for line in only_val)
    assert "ilsvrc_test" not in needed_sets(made)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"study": "small"}, "config.data_root: study small needs it; add --config data_root=DIR"),
        ({"figures": {"network": "VGG"}}, "config.figures.network: 'VGG' is not in networks"),
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
def test_names_that_do_not_fit_together_are_one_line(study, keys, line):
    with pytest.raises(InputError) as error:
        study(**keys)
    assert str(error.value).startswith(line)
    assert "\n" not in str(error.value)
