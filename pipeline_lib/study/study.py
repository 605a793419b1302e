"""A study: the checked configuration and what lies in data_root, as one frozen description."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline_lib.common.errors import InputError
from pipeline_lib.study.configuration.localization import FEW_SHOT, LAYER_METHODS
from pipeline_lib.study.configuration.root import Configuration
from pipeline_lib.study.image_sets import (
    BIRDS,
    BY_CLIP,
    HELD_OUT,
    HELD_OUT_BIRDS,
    OPENIMAGES,
    PLACES,
    SAMPLED,
    TEST,
    TRAIN,
    ImageSet,
    image_sets_of,
    whole_set,
)
from pipeline_lib.study.networks import Network, networks_of, units_network
from pipeline_lib.study.paths import (
    BACKPROP,
    CLIP,
    GAUSSIAN,
    NETWORK,
    ONE_CROP,
    SVM,
    TEN_CROP,
    VAL,
    Maps,
    Paths,
    start_name,
)
from pipeline_lib.study.places import no_places

# The box methods that are applied to maps, by their source and crops (protocol, section 1).
BOX_METHODS = {
    (NETWORK, ONE_CROP): ("paper",),
    (NETWORK, TEN_CROP): ("authors",),
    (BACKPROP, ONE_CROP): ("graphcut", "authors"),
    (BACKPROP, TEN_CROP): ("graphcut", "authors"),
}
CROPS = ("whole", "cam", "box")  # what the images of birds are cropped to, for Table 4
FIGURE_8 = ("action40", "caltech256", "sun397", "event8")  # the sets that the paper shows
FIGURE_8_ELSE = ("scene15", "caltech101", "indoor67")  # where those are missing
VQA_TASKS = ("OpenEnded", "MultipleChoice")


@dataclass(frozen=True)
class Study:
    """Networks, image sets, maps and paths of a study. ``build_study`` makes it."""

    configuration: Configuration
    data_root: str
    networks: Mapping[str, Network]
    image_sets: Mapping[str, ImageSet]
    units_network: str
    paths: Paths

    @property
    def name(self) -> str:
        """The study's name."""
        return self.configuration.study

    @property
    def is_synthetic(self) -> bool:
        """Whether the data sets are drawn."""
        return self.configuration.world is not None

    @property
    def main(self) -> str:
        """The network that figures show."""
        return self.configuration.figures.network

    @property
    def baseline(self) -> str:
        """The network whose backprop Figure 6 shows."""
        return self.configuration.figures.baseline

    @property
    def compared(self) -> list[str]:
        """The networks of Tables 1 to 3."""
        return [name for name, network in self.networks.items() if network.compared]

    @property
    def trained(self) -> list[str]:
        """The networks that the study trains."""
        return [name for name, network in self.networks.items() if network.source == "trained"]

    @property
    def starts(self) -> dict[str, str]:
        """What trained networks start from, by the name in the path of its weights."""
        starts = [self.networks[name].config.start for name in self.trained]
        return {start_name(start): start for start in starts if start}

    @property
    def adopted(self) -> list[str]:
        """The networks that are taken ready-trained."""
        return [name for name, network in self.networks.items() if network.source != "trained"]

    @property
    def headless(self) -> list[str]:
        """The networks without a head, of which linear SVMs take the place."""
        return [name for name, network in self.networks.items() if not network.has_head]

    @property
    def headed(self) -> list[str]:
        """Those of them that have an SVM of ILSVRC's classes: there are training images."""
        asked = self.map_networks
        return [name for name in self.headless if name in asked and TRAIN in self.image_sets]

    def of_chapter(self, *chapters: str) -> list[str]:
        """Return the names of the image sets of some chapters."""
        return [name for name, each in self.image_sets.items() if each.chapter in chapters]

    def root(self, image_set: str) -> str:
        """Return the folder that the paths of an image set start from."""
        return self.image_sets[whole_set(image_set)].root

    def title(self, image_set: str) -> str:
        """Return the title of an image set in tables."""
        return self.image_sets[whole_set(image_set)].title

    # Maps of the ILSVRC validation images.

    @property
    def one_crop_maps(self) -> list[Maps]:
        """Each network's maps of the whole image."""
        return [Maps(VAL, NETWORK, ONE_CROP, name) for name in self.compared]

    @property
    def class_maps(self) -> list[Maps]:
        """Those of them that are class maps, as far as the study says."""
        return [m for m in self.one_crop_maps if self.networks[m.network].has_class_maps]

    @property
    def ten_crop_maps(self) -> list[Maps]:
        """Class maps merged over ten crops, as in the authors' code; no other maps are."""
        return [maps._replace(crops=TEN_CROP) for maps in self.class_maps]

    @property
    def gradient_maps(self) -> list[Maps]:
        """The gradient baselines."""
        return [
            self.backprop_maps(name)
            for name in self.compared
            if self.networks[name].config.backprop
        ]

    @property
    def photographs_maps(self) -> list[Maps]:
        """The maps of the photographs of Figure 4, if the study has any."""
        photographs = self.configuration.photographs
        network = [photographs.network] if photographs else []
        return [Maps("photographs", NETWORK, ONE_CROP, name) for name in network]

    @property
    def maps(self) -> list[Maps]:
        """All maps of the ILSVRC validation images."""
        return [*self.one_crop_maps, *self.ten_crop_maps, *self.gradient_maps]

    @property
    def map_networks(self) -> list[str]:
        """The networks that `table_maps` is asked for."""
        given = self.configuration.map_methods.networks
        return [self.main] if given is None else given

    @property
    def shared_methods(self) -> list[str]:
        """Those methods of `table_maps` whose maps come from one pass: they read the same layer."""
        methods = [each for each in self.configuration.map_methods.methods if each in LAYER_METHODS]
        return methods if len(methods) > 1 else []

    @property
    def method_maps(self) -> list[Maps]:
        """The maps of `table_maps`: each network by each method, all of the whole image.

        The network's own maps are taken where they are of that method.
        """
        methods, maps = self.configuration.map_methods.methods, []
        for name, network in self.networks.items():
            if name in self.headed and "cam" in methods:
                maps.append(Maps(VAL, SVM, ONE_CROP, name))
            if name not in self.map_networks or not network.compared:
                continue
            for method in methods:
                if method != "cam" or network.has_class_maps:
                    source = NETWORK if method == network.own_method else method
                    maps.append(Maps(VAL, source, ONE_CROP, name))
            if network.has_class_maps and self.configuration.map_methods.few_shot:
                maps.append(Maps(VAL, FEW_SHOT, ONE_CROP, name))
        return maps

    @property
    def bird_networks(self) -> list[str]:
        """The networks whose maps of birds `table_maps` and Table 4 have."""
        return list(dict.fromkeys(network for name, _, network in self.fitted if name == BIRDS))

    @property
    def svm_mapped(self) -> dict[str, list[str]]:
        """What `table_maps` has of other image sets than ILSVRC: networks, and the Gaussian.

        Their maps have the weights of SVMs that are fitted to the set's training images.
        """
        rows = {}
        for image_set in (BIRDS, OPENIMAGES):
            fitted = (network for name, _, network in self.fitted if name == image_set)
            if networks := list(dict.fromkeys(fitted)):
                rows[image_set] = [*networks, GAUSSIAN]
        return rows

    def held_out(self, maps: Maps) -> list[str]:
        """Return what thresholds of maps are chosen on: a manifest, its boxes, the same maps of it.

        Nothing where the study has no such images: then a part of the scored ones is held out.
        """
        image_set = {VAL: HELD_OUT, BIRDS: HELD_OUT_BIRDS}.get(maps.image_set)
        if image_set not in self.image_sets or maps.source == FEW_SHOT:  # which is fitted to them
            return []
        tables = [self.paths.manifest(image_set, table) for table in ("images", "boxes")]
        return [*tables, self.paths.predictions(maps._replace(image_set=image_set))]

    @property
    def swept_maps(self) -> list[Maps]:
        """Those whose box threshold is swept."""
        return [*self.one_crop_maps, *self.gradient_maps]

    @property
    def faithfulness_maps(self) -> list[Maps]:
        """Those whose faithfulness is measured, if the study asks for it."""
        is_asked = "faithfulness" in self.configuration.checks.measures
        return self.swept_maps if is_asked else []

    def backprop_maps(self, network: str) -> Maps:
        """Return the gradient maps of a network."""
        ten = self.configuration.prediction.backprop_crops == 10
        return Maps(VAL, BACKPROP, TEN_CROP if ten else ONE_CROP, network)

    def main_maps(self, source: str = NETWORK, image_set: str = VAL, crops: str = ONE_CROP) -> Maps:
        """Return the main network's maps of an image set."""
        return Maps(image_set, source, crops, self.main)

    def scores(self, maps: list[Maps]) -> list[str]:
        """Return the scores of maps, by all box methods that are applied to them."""
        return [self.paths.scores(each, method) for each in maps for method in box_methods(each)]

    def boxes(self, maps: list[Maps]) -> list[str]:
        """Return the boxes of maps, by all box methods that are applied to them."""
        return [self.paths.boxes(each, method) for each in maps for method in box_methods(each)]

    # Section 4.

    @property
    def feature_networks(self) -> list[str]:
        """The networks whose features Table 5 compares."""
        own = {*self.compared, *self.headless}
        return [name for name in self.configuration.transfer.networks if name in own]

    @property
    def fitted(self) -> list[tuple[str, str, str]]:
        """What SVMs are fitted to: image set, crop, network.

        Those of Tables 4 and 5; of OpenImages30k, for `table_maps`; and of ILSVRC, where they take the
        place of a network's head.
        """
        sets = self.of_chapter("transfer")
        fitted = [(s, "whole", name) for s in sets if s != BIRDS for name in self.feature_networks]
        birds = [self.main, *(name for name in self.feature_networks if name in self.headless)]
        fitted += [(BIRDS, crop, name) for name in birds for crop in CROPS if BIRDS in sets]
        if OPENIMAGES in self.image_sets:
            mapped = [
                name for name in [*self.compared, *self.headless] if name in self.map_networks
            ]
            fitted += [(OPENIMAGES, "whole", name) for name in mapped]
        return fitted + [(f"{TRAIN}{SAMPLED}", "whole", name) for name in self.headed]

    @property
    def figure8_sets(self) -> list[str]:
        """The four sets of Figure 8: the paper's, or others where these are missing."""
        if self.main not in self.feature_networks:
            return []
        sets = self.of_chapter("transfer")
        return [name for name in (*FIGURE_8, *FIGURE_8_ELSE) if name in sets][:4]

    @property
    def clip_maps(self) -> dict[str, Maps]:
        """CLIP's maps, if the study names one: of the concepts' images that it ranks first; of text."""
        clip, shown = self.configuration.concepts.clip, {"concepts": f"concepts{BY_CLIP}"}
        sets = [name for name in ("concepts", "text") if clip and name in self.image_sets]
        return {name: Maps(shown.get(name, name), CLIP, ONE_CROP, clip) for name in sets}

    # Section 5.

    @property
    def unit_sets(self) -> dict[str, tuple[str, str]]:
        """What Figure 13 shows, by the name of its table: the image set and the network."""
        tables = {"units": (VAL, self.units_network)}
        if PLACES in self.image_sets:
            tables["units-places205"] = (PLACES, self.configuration.units.places_network)
        return tables

    # Files for servers.

    @property
    def ilsvrc_submissions(self) -> list[str]:
        """The files for the ILSVRC server, where there are test images."""
        return [
            self.paths.submission(f"{self.main}-{guesses}.txt")
            for guesses in ("plain", "heuristics")
            if TEST in self.image_sets
        ]

    @property
    def vqa_submissions(self) -> dict[str, str]:
        """The files for the VQA server by task, where the test images and questions are there."""
        root = self.data_root

        def is_there(task: str) -> bool:
            files = [
                f"{root}/vqa/{one}_mscoco_test2015_questions.json" for one in ("OpenEnded", task)
            ]
            return os.path.isdir(f"{root}/coco/test2015") and all(map(os.path.exists, files))

        return {
            task: self.paths.submission(f"{task}_mscoco_test2015_{self.main}_results.json")
            for task in VQA_TASKS
            if "vqa" in self.image_sets and (self.is_synthetic or is_there(task))
        }


def box_methods(maps: Maps) -> tuple[str, ...]:
    """Return the box methods that are applied to maps."""
    return BOX_METHODS[maps.source, maps.crops]


def build_study(configuration: Configuration) -> Study:
    """Return the study of a configuration and of what lies in its data_root.

    Raises InputError, naming the key, for names that do not fit together and for a data_root that is
    missing.
    """
    results = f"{_results_folder(configuration)}/{configuration.study}"
    data_root = _data_root(configuration, results)
    networks = networks_of(configuration, not no_places(configuration, data_root))
    trains = any(network.source == "trained" for network in networks.values())
    has_train = os.path.isdir(f"{data_root}/ilsvrc/train")  # not every data_root has it
    fits_heads = has_train and not all(network.has_head for network in networks.values())
    return Study(
        configuration,
        data_root,
        networks,
        image_sets_of(configuration, data_root, trains or fits_heads),
        units_network(configuration, networks),
        Paths(results),
    )


def require_writable(results: str) -> None:
    """Raise InputError if the folder of results, or the nearest one above it, cannot be written to."""
    nearest = next(p for p in (Path(results), *Path(results).resolve().parents) if p.exists())
    if not os.access(nearest, os.W_OK):
        raise InputError(f"{nearest}: the results folder cannot be written to; set results=DIR")


def _results_folder(configuration: Configuration) -> str:
    folder = os.path.expanduser(configuration.results).rstrip("/")
    if {"{", "}"} & set(folder):
        raise InputError(
            f"config.results: {folder} has a brace, a wildcard to Snakemake; choose another"
        )
    return folder


def _data_root(configuration: Configuration, results: str) -> str:
    if configuration.world:
        return f"{results}/world"
    if configuration.data_root is None:
        raise InputError(
            f"config.data_root: study {configuration.study} needs it; add --config data_root=DIR"
        )
    return os.path.expanduser(configuration.data_root).rstrip("/")
