"""All files that a study makes on the way to its tables and figures."""

from pipeline_lib.study.image_sets import BIRDS, PICKED
from pipeline_lib.study.paths import SVM
from pipeline_lib.study.study import Study

TABLES = ("images", "boxes", "classes", "splits", "annotations")


def index_tables(study: Study, image_set: str = "{image_set}") -> dict[str, str]:
    """Return the files of an image set's manifest, by the flags that name them."""
    tables = {table: study.paths.manifest(image_set, table) for table in TABLES}
    return tables | {"summary": study.paths.summary(image_set)}


def every_file(study: Study) -> list[str]:
    """Return every file that the study makes before tables and figures, by chapter.

    `all` asks for each: Snakemake does not notice that an intermediate file is lost unless
    something asks for it.
    """
    paths = study.paths
    files = [file for name in study.image_sets for file in index_tables(study, name).values()]
    if study.is_synthetic:
        files += dict.fromkeys(
            study.root(name) for name in study.of_chapter("ilsvrc", "transfer", "discovery")
        )
    for name in study.networks:
        files += [paths.weights(name), paths.card(name)]
    files += [paths.predictions(maps) for maps in [*study.maps, *study.photographs_maps]]
    files += study.boxes(study.maps) + study.scores(study.maps)
    files += [paths.curve(maps) for maps in study.swept_maps] + [paths.centred_scores]
    for fitted in study.fitted:
        files += [paths.features(*fitted), paths.svm(*fitted)]
    if BIRDS in study.image_sets:
        birds = study.main_maps(SVM, BIRDS)
        files += [paths.predictions(birds), paths.boxes(birds, "paper"), paths.bird_boxes]
    for name in study.figure8_sets:
        files.append(paths.predictions(study.main_maps(SVM, f"{name}{PICKED}")))
    files += _discovery(study)
    for table, (image_set, network) in study.unit_sets.items():
        files += [paths.units(image_set, network), paths.discovery(table)]
    return [*files, *study.ilsvrc_submissions, *study.vqa_submissions.values()]


def _discovery(study: Study) -> list[str]:
    paths, files = study.paths, []
    for name in study.of_chapter("discovery"):
        shown = name if name in ("scenes", "text") else f"{name}{PICKED}"
        files += [
            paths.features(name, "whole", study.main),
            paths.svm(name, "whole", study.main),
            paths.predictions(study.main_maps(SVM, shown)),
            paths.discovery(name),
        ]
    return files
