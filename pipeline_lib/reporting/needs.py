"""For the catalogue: the input files of tables and figures, and why a study cannot make one."""

from collections.abc import Callable
from itertools import chain

from pipeline_lib.data.transfer.sets import transfer_sets
from pipeline_lib.reporting.artefact import Files
from pipeline_lib.study import places
from pipeline_lib.study.image_sets import BIRDS, OPENIMAGES, TRAIN, needed_folders, transfer_root
from pipeline_lib.study.paths import VAL
from pipeline_lib.study.study import Study

SVM_MAPPED = {"birds": BIRDS, "openimages": OPENIMAGES}  # of table_maps: roles and their image sets


def scores_of(*kinds: str) -> Callable[[Study], Files]:
    """Return a function of the study: scores of these kinds of maps, and what describes their rows."""

    def needs(study: Study) -> Files:
        maps = list(chain.from_iterable(getattr(study, f"{kind}_maps") for kind in kinds))
        files = {
            "scores": study.scores(maps),
            "cards": [study.paths.card(name) for name in study.compared],
            "summary": study.paths.summary(VAL),
        }
        return files | ({"training-summary": study.paths.summary(TRAIN)} if study.trained else {})

    return needs


def scores_and_sweeps(study: Study) -> Files:
    """Return all scores, with those of the threshold sweeps and of the centred box."""
    needs = scores_of("one_crop", "ten_crop", "gradient")(study)
    swept = [study.paths.scores(maps, "sweep") for maps in study.swept_maps]
    return needs | {"scores": [*needs["scores"], *swept, study.paths.centred_scores]}


def map_scores(study: Study) -> Files:
    """Return the scores of the map methods, of other sets' maps by SVMs, and of the centred Gaussian."""
    maps, mapped = study.method_maps, study.svm_mapped
    every = [each.network for each in maps] + [name for rows in mapped.values() for name in rows]
    networks = [name for name in dict.fromkeys(every) if name in study.networks]
    return {
        "scores": [*map(study.paths.map_scores, maps), study.paths.gaussian_scores],
        **{
            role: [
                study.paths.svm_map_scores(image_set, name) for name in mapped.get(image_set, [])
            ]
            for role, image_set in SVM_MAPPED.items()
        },
        "summaries": [study.paths.summary(OPENIMAGES)] * (OPENIMAGES in mapped),
        "cards": [study.paths.card(name) for name in networks],
        "summary": study.paths.summary(VAL),
    }


def svm_scores(birds: bool) -> Callable[[Study], Files]:
    """Return a function of the study: scores of the SVMs of Table 4, the birds, or of Table 5."""

    def needs(study: Study) -> Files:
        of_sets = study.of_chapter("transfer")
        fitted = [each for each in study.fitted if each[0] in of_sets]
        fitted = [each for each in fitted if (each[0] == BIRDS) == birds]
        files = {
            "scores": [study.paths.svm(*each, "csv") for each in fitted],
            "cards": [study.paths.card(name) for name in dict.fromkeys(each[2] for each in fitted)],
            "summaries": [
                study.paths.summary(s) for s in dict.fromkeys(each[0] for each in fitted)
            ],
        }
        return files | ({"located": study.paths.bird_boxes} if birds and fitted else {})

    return needs


def absent_networks(study: Study) -> dict[str, str]:
    """Return the reason of each network that the configuration leaves out, by its name."""
    networks = study.configuration.networks
    return {
        name: f"left out: config.networks.{name} is false"
        for name, given in networks.items()
        if given is False
    }


def absent_maps(study: Study) -> dict[str, str]:
    """Return the reason of each network that table_maps lacks, by its name."""
    root = study.data_root
    return absent_networks(study) | {
        study.networks[name].label: f"not computed: no ilsvrc/train in {root} to fit its head to"
        for name in study.headless
        if name in study.map_networks and name not in study.headed
    }


def absent_sets(study: Study) -> dict[str, str]:
    """Return the reason of each transfer data set that has no score, and of each network left out."""
    listed = not isinstance(study.configuration.transfer.sets, str)
    return absent_networks(study) | {
        name: "not computed: not among config.transfer.sets"
        if listed
        else f"not computed: no {paper.folder} in data_root"
        for name, paper in transfer_sets().items()
        if paper.layout not in study.image_sets
    }


def synthetic_sets(study: Study) -> list[str]:
    """Return the note that the images are synthetic, if they are."""
    return ["The images are synthetic, in the layouts of the sets."] if study.is_synthetic else []


def measures(study: Study) -> Files:
    """Return the measures of those of Figures 9 to 13 that the study can make."""
    sets = study.of_chapter("discovery")
    by_clip = [f"{name}-clip" for name in study.clip_maps]
    files = {name: study.paths.discovery(name) for name in [*sets, *by_clip, *study.unit_sets]}
    if "scenes" in sets:
        files["scene-svm"] = study.paths.svm("scenes", "whole", study.main, "json")
        files["scene-classes"] = study.paths.manifest("scenes", "classes")
    measured = dict.fromkeys([*sets, *(image_set for image_set, _ in study.unit_sets.values())])
    files["summaries"] = [study.paths.summary(name) for name in measured]
    return files


def by_image_files(study: Study) -> list[str]:
    """Return the tables by image behind the numbers of all tables."""
    scores = list(scores_and_sweeps(study)["scores"])
    scores += [path for role in ("scores", *SVM_MAPPED) for path in map_scores(study)[role]]
    scores += [study.paths.svm(*fitted, "csv") for fitted in study.fitted]
    scores += [study.paths.bird_boxes] * (BIRDS in study.image_sets)
    of_discovery = {"text": "text-images", "vqa": "vqa-answers"}
    discovered = [
        of_discovery[name] for name in study.of_chapter("discovery") if name in of_discovery
    ]
    discovered += ["text-clip-images"] * ("text" in study.clip_maps)
    return [*map(study.paths.outcomes, scores), *map(study.paths.discovery, discovered)]


def no_birds(study: Study) -> str:
    """Return the reason why Figure 7 cannot be made, "" if it can."""
    return "" if BIRDS in study.image_sets else _no_transfer_set(study)


def no_figure8_set(study: Study) -> str:
    """Return the reason why Figure 8 cannot be made, "" if it can."""
    if study.figure8_sets:
        return ""
    if study.main not in study.feature_networks:
        return f"config.transfer.networks lacks {study.main}, the network of config.figures.network"
    return _no_transfer_set(study)


def _no_transfer_set(study: Study) -> str:
    root = transfer_root(study.configuration, study.data_root)
    listed = not isinstance(study.configuration.transfer.sets, str)
    where = "among config.transfer.sets" if listed else f"at {root}; see check_data"
    return f"none of the data sets it shows is {where}"


def without(experiment: str) -> Callable[[Study], str]:
    """Return a function of the study: why it does not have an experiment of section 4.2."""

    def reason(study: Study) -> str:
        if experiment in study.image_sets:
            return ""
        if not isinstance(study.configuration.discovery.sets, str):
            return f"'{experiment}' is not among config.discovery.sets"
        folders = needed_folders(study.configuration, study.data_root, experiment)
        return f"needs {' and '.join(folders)}; see check_data"

    return reason


def no_clip(study: Study) -> str:
    """Return the reason why Figure 10 cannot be made by CLIP, "" if it can."""
    is_named = study.configuration.concepts.clip
    return without("concepts")(study) or ("" if is_named else "config.concepts.clip names none")


def units(table: str) -> Callable[[Study], Files]:
    """Return a function of the study: the units and measures of Figure 13 on one of its image sets."""

    def needs(study: Study) -> Files:
        units = study.paths.units(*study.unit_sets[table])
        return {"units": units, "measures": study.paths.discovery(table)}

    return needs


def unit_images(table: str) -> Callable[[Study], list[str]]:
    """Return a function of the study: the image set of a table of units."""
    return lambda study: [study.unit_sets[table][0]]


def no_places(study: Study) -> str:
    """Return the reason why Figure 13 cannot be made on Places205, "" if it can."""
    return places.no_places(study.configuration, study.data_root)
