"""All files that a study makes on the way to its tables and figures."""

from pipeline_lib.study.image_sets import BIRDS, PICKED, SAMPLED, TEST, TRAIN
from pipeline_lib.study.paths import SVM, TEN_CROP
from pipeline_lib.study.study import Study

TABLES = ("images", "boxes", "masks", "classes", "splits", "annotations")
# Of each experiment: its tables, the files of its classifier, whether few images are picked to show.
DISCOVERY = {
    "scenes": (["scenes"], ["npz", "json"], False),
    "concepts": (["concepts", "concepts-ranking"], ["npz"], True),
    "text": (["text", "text-images"], ["npz", "csv", "images.csv", "decisions.csv"], False),
    "vqa": (["vqa", "vqa-answers", "vqa-shown"], ["npz"], True),
}
CLIP_TABLES = {
    "concepts": ("concepts-clip", "concepts-clip-ranking"),
    "text": ("text-clip", "text-clip-images"),
}


def index_tables(study: Study, image_set: str = "{image_set}") -> dict[str, str]:
    """Return the files of an image set's manifest, by the flags that name them."""
    tables = {table: study.paths.manifest(image_set, table) for table in TABLES}
    return tables | {"summary": study.paths.summary(image_set)}


def every_file(study: Study) -> list[str]:
    """Return every file that the study makes before tables and figures, by chapter.

    `all` asks for each: Snakemake does not notice that an intermediate file is lost unless
    something asks for it.
    """
    files = [file for name in study.image_sets for file in index_tables(study, name).values()]
    for image_set in study.image_sets.values():
        if image_set.synthetic:
            files += image_set.folders
    for name in study.networks:
        files += [study.paths.weights(name), study.paths.card(name)]
    files += map(study.paths.start_weights, study.starts)
    files += [*_localization(study), *_transfer(study), *_discovery(study)]
    for table, (image_set, network) in study.unit_sets.items():
        files += [study.paths.units(image_set, network), study.paths.discovery(table)]
    files += [*study.ilsvrc_submissions, *study.vqa_submissions.values()]
    files += [study.paths.claims, study.paths.errors(study.main), *browsed_sections(study).values()]
    return list(dict.fromkeys(files))  # the splits of ILSVRC are drawn together


def browsed_sections(study: Study) -> dict[str, str]:
    """Return the file of each section of the page that one can browse: maps, errors, units, concepts."""
    concepts = ["concepts"] * ("concepts" in study.image_sets)
    names = ["explorer", "errors", *study.unit_sets, *concepts]
    return {name: study.paths.browsed(name) for name in names}


def _localization(study: Study) -> list[str]:
    paths = study.paths
    test_maps = [study.main_maps(image_set=TEST, crops=TEN_CROP)] * (TEST in study.image_sets)
    maps = [*study.maps, *test_maps, *study.photographs_maps]
    files = [paths.predictions(each) for each in maps]
    scores = [*study.scores(study.maps), paths.centred_scores]
    for swept in study.swept_maps:
        files.append(paths.curve(swept))
        scores.append(paths.scores(swept, "sweep"))
    files += study.boxes([*study.maps, *test_maps])
    files += map(paths.predictions, study.method_maps)
    scores += [*map(paths.map_scores, study.method_maps), paths.gaussian_scores]
    for each in [*study.swept_maps, *study.method_maps]:
        files += study.held_out(each)
    files.append(paths.randomized(study.main))
    measured = [paths.faithfulness(each) for each in study.faithfulness_maps]
    files += [*measured, *map(paths.outcomes, measured)]
    return [*files, *scores, *map(paths.outcomes, scores)]


def _transfer(study: Study) -> list[str]:
    paths, files = study.paths, []
    for fitted in study.fitted:
        files.append(paths.features(*fitted))
        suffixes = ("npz", "csv", "images.csv", "decisions.csv")
        files += [paths.svm(*fitted, suffix) for suffix in suffixes]
    for name in study.figure8_sets:
        picked = f"{name}{PICKED}"
        files += [paths.manifest(picked), paths.predictions(study.main_maps(SVM, picked))]
    if study.headed:
        sampled = f"{TRAIN}{SAMPLED}"
        files += [paths.manifest(sampled), paths.manifest(sampled, "splits")]
    if BIRDS in study.image_sets:
        for name in study.bird_networks:
            birds = study.main_maps(SVM, BIRDS)._replace(network=name)
            files += [paths.predictions(birds), paths.boxes(birds, "paper")]
            files += study.held_out(birds)
        files += [paths.bird_boxes, paths.outcomes(paths.bird_boxes)]
    for image_set, rows in study.svm_mapped.items():
        for name in rows:
            scores = paths.svm_map_scores(image_set, name)
            files += [scores, paths.outcomes(scores)]
    return files


def _discovery(study: Study) -> list[str]:
    paths, files = study.paths, []
    for name in study.of_chapter("discovery"):
        tables, suffixes, is_picked = DISCOVERY[name]
        shown = f"{name}{PICKED}" if is_picked else name
        files.append(paths.features(name, "whole", study.main))
        files += [paths.svm(name, "whole", study.main, suffix) for suffix in suffixes]
        files += [paths.manifest(shown), paths.predictions(study.main_maps(SVM, shown))]
        files += [paths.discovery(table) for table in tables]
    for name, maps in study.clip_maps.items():
        files += [paths.discovery(table) for table in CLIP_TABLES[name]]
        files += [paths.manifest(maps.image_set), paths.predictions(maps)]
    return files
