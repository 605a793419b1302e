"""Every table and figure of the report, declared once.

Snakemake's targets and rules, the page, the captions of Snakemake's own report, `plan`, `status` and the
list in README.md come from here. To add one, write its module and add its entry.
"""

from collections.abc import Mapping
from dataclasses import replace

from pipeline_lib.reporting import needs
from pipeline_lib.reporting.artefact import Artefact, Figure, Table, Target, registry
from pipeline_lib.study.image_sets import BIRDS, PICKED
from pipeline_lib.study.paths import SVM, VAL
from pipeline_lib.study.study import Study

TABLES: dict[str, Table] = registry([
    Table(
        name="table1",
        title="Classification error on the ILSVRC validation set",
        summary="Table 1: classification error on ILSVRC.",
        caption="Table 1 of the paper: top-1 and top-5 classification error of every network, on the "
        "whole image and on ten crops.",
        module="tables.localization",
        needs=needs.scores_of("one_crop", "ten_crop"),
        absent=needs.absent_networks,
        partial=("scores", "cards", "training-summary"),
    ),
    Table(
        name="table2",
        title="Localization error on the ILSVRC validation set",
        summary="Table 2: localization error on ILSVRC val, with GT-known Loc and MaxBoxAccV2.",
        caption="Table 2 of the paper: localization error by both box methods, and two measures "
        "in use today.",
        module="tables.localization",
        needs=needs.scores_and_sweeps,
        absent=needs.absent_networks,
        partial=("scores", "cards", "training-summary"),
    ),
    Table(
        name="table3",
        title="Localization error on the ILSVRC test set",
        summary="Table 3: top-5 localization error with the authors' heuristics; the submission.",
        caption="Table 3 of the paper, scored on val: the labels of the test images are not "
        "published.",
        module="tables.localization",
        needs=needs.scores_of("ten_crop", "gradient"),
        absent=needs.absent_networks,
        extras=lambda study: study.ilsvrc_submissions,
        partial=("scores", "cards", "training-summary"),
    ),
    Table(
        name="table4",
        title="Fine-grained classification on CUB-200-2011",
        summary="Table 4: birds, on full images, CAM crops and true boxes.",
        caption="Table 4 of the paper: linear SVMs on birds by crop, and how often the boxes are "
        "right.",
        module="tables.transfer",
        needs=needs.svm_scores(birds=True),
        notes=needs.synthetic_sets,
        absent=needs.absent_sets,
        partial=("scores", "cards", "summaries", "located"),
    ),
    Table(
        name="table5",
        title="Linear SVMs on deep features",
        summary="Table 5: linear SVMs on the features of three networks, eight data sets.",
        caption="Table 5 of the paper: accuracy of linear SVMs on the features of each network.",
        module="tables.transfer",
        needs=needs.svm_scores(birds=False),
        notes=needs.synthetic_sets,
        absent=needs.absent_sets,
        partial=("scores", "cards", "summaries"),
    ),
    Table(
        name="table_maps",
        title="Map methods and networks",
        summary="Map methods and networks: localization error, MaxBoxAcc, MaxBoxAccV2.",
        caption="Ten ways to make a map, on the same networks and images: the paper's errors by both "
        "box methods, and the accuracies of Choe et al.; differences from the first method.",
        module="tables.maps",
        printed="published",
        needs=needs.map_scores,
        absent=needs.absent_maps,
        partial=("scores", "birds", "openimages", "summaries", "cards"),
    ),
    Table(
        name="measures",
        title="Figures 9 to 13, measured",
        summary="What Figures 9 to 13 measure, each beside its baseline.",
        caption="What Figures 9 to 13 show, as numbers: each measure beside what chance gets.",
        module="tables.measures",
        needs=needs.measures,
        partial=("scenes", "scene-svm", "scene-classes", "concepts", "concepts-clip", "text",
                 "text-clip", "vqa", "units", "units-places205", "summaries"),
    ),
])  # fmt: skip

FIGURES: dict[str, Figure] = registry([
    Figure(
        name="figure3",
        title="Figure 3",
        summary="Figure 3: class activation maps of four classes.",
        caption="Class activation maps of four classes; over each map the score of the class. "
        "Classes and images are those that the network classifies correctly with the "
        "highest scores.",
        module="figures.figure3",
        needs=lambda study: {"predictions": study.paths.predictions(study.main_maps())},
        image_sets=lambda study: [VAL],
    ),
    Figure(
        name="figure4",
        title="Figure 4",
        summary="Figure 4: the class activation maps of an image's five most likely classes.",
        caption="Images and the class activation maps of their five most likely classes, each "
        "with its score.",
        module="figures.figure4",
        needs=lambda study: {
            "predictions": [
                study.paths.predictions(maps) for maps in [*study.photographs_maps, study.main_maps()]
            ]
        },
        image_sets=lambda study: [*(maps.image_set for maps in study.photographs_maps), VAL],
    ),
    Figure(
        name="figure5",
        title="Figure 5",
        summary="Figure 5: the same images through all networks.",
        caption="The same images through several networks: the map of the true class, over it the "
        "score that the network gives the class. The images are those that most networks "
        "classify correctly.",
        module="figures.figure5",
        needs=lambda study: {
            "predictions": [
                study.paths.predictions(maps)
                for maps in [*study.class_maps, *study.gradient_maps]
            ]
        },
        image_sets=lambda study: [VAL],
        partial=("predictions",),
    ),
    Figure(
        name="figure6",
        title="Figure 6",
        summary="Figure 6: boxes from class activation maps and from backprop.",
        caption="Boxes from class activation maps and, below, from the gradient baseline: the true "
        "box dashed, the predicted one a solid line; a box is right with an IoU of 0.5. The "
        "predicted class is correct; the boxes play no part in the choice of images.",
        module="figures.figure6",
        needs=lambda study: {
            "predictions": [
                study.paths.predictions(maps)
                for maps in (study.main_maps(), study.backprop_maps(study.baseline))
            ],
            "boxes": [
                study.paths.boxes(study.main_maps(), "paper"),
                study.paths.boxes(study.backprop_maps(study.baseline), "graphcut"),
            ],
            "true-boxes": study.paths.manifest(VAL, "boxes"),
        },
        image_sets=lambda study: [VAL],
    ),
    Figure(
        name="thresholds",
        title="Box thresholds",
        summary="Localization error at every box threshold.",
        caption="Top-1 localization error of the paper's box method at every fraction of the "
        "map's maximum, a panel for each network or baseline, with the others in grey; marked is "
        "the threshold chosen on held-out images.",
        module="figures.thresholds",
        needs=lambda study: {"curves": [study.paths.curve(maps) for maps in study.swept_maps]},
        partial=("curves",),
    ),
    Figure(
        name="figure_sanity",
        title="Random weights",
        summary="How much of the maps is left when the weights are random (sanity check).",
        caption="The main network's layers are randomized one after the other, from the scores "
        "down, each by its own initialisation, batch norms with their convolution. After each stage "
        "the absolute map of the true class is compared with that of the trained network: rank "
        "correlation and structural similarity, means over images with 95 % intervals. A map that "
        "stays the same does not depend on what was learned.",
        module="figures.sanity",
        needs=lambda study: {"agreement": study.paths.randomized(study.main)},
    ),
    Figure(
        name="figure7",
        title="Figure 7",
        summary="Figure 7: birds, their maps and boxes.",
        caption="Birds of the test images: the map of the species that a linear SVM predicts on "
        "the network's features, and the box made from it, a solid line; the true box dashed. "
        "The boxes play no part in the choice of images.",
        module="figures.figure7",
        needs=lambda study: {
            "predictions": study.paths.predictions(study.main_maps(SVM, BIRDS)),
            "boxes": study.paths.boxes(study.main_maps(SVM, BIRDS), "paper"),
            "true-boxes": study.paths.manifest(BIRDS, "boxes"),
            "splits": study.paths.manifest(BIRDS, "splits"),
        },
        image_sets=lambda study: [BIRDS],
        unavailable=needs.no_birds,
    ),
    Figure(
        name="figure8",
        title="Figure 8",
        summary="Figure 8: maps of linear SVMs on four transfer data sets.",
        caption="Class activation maps of linear SVMs trained on the network's features, for "
        "classes the network was never trained on: the SVM's weights in place of the "
        "softmax's. Over each map the decision value. The images are correctly classified "
        "ones with the highest decision values.",
        module="figures.figure8",
        needs=lambda study: {
            "predictions": [
                study.paths.predictions(study.main_maps(SVM, f"{name}{PICKED}"))
                for name in study.figure8_sets
            ],
            "summaries": [study.paths.summary(name) for name in study.figure8_sets],
        },
        image_sets=lambda study: [f"{name}{PICKED}" for name in study.figure8_sets],
        unavailable=needs.no_figure8_set,
    ),
    Figure(
        name="figure9",
        title="Figure 9",
        summary="Figure 9: objects that the class maps of scenes highlight.",
        caption="Objects that the class maps of scenes highlight. Each row is a category: a "
        "correctly classified image with the highest score, the category's map over it "
        "with outlines of the objects that the highlighted region overlaps; then the "
        "objects in most of the category's images, those overlapped in most images, and "
        "those overlapped more often than in other places of the same images (lift). "
        "Lines are 95 % intervals; each measure has one scale in all rows. The SVMs were "
        "trained on all images, as in the paper.",
        module="figures.figure9",
        needs=lambda study: {
            "objects": study.paths.discovery("scenes"),
            "scores": study.paths.svm("scenes", "whole", study.main, "json"),
            "predictions": study.paths.predictions(study.main_maps(SVM, "scenes")),
            "annotations": study.paths.manifest("scenes", "annotations"),
            "summary": study.paths.summary("scenes"),
        },
        image_sets=lambda study: ["scenes"],
        unavailable=needs.without("scenes"),
        alias="scenes",
    ),
    Figure(
        name="figure10",
        title="Figure 10",
        summary="Figure 10: concepts mined from captions.",
        caption="Concepts mined from captions: the held-out images that a concept's detector "
        "ranks first, with its map over them, and whether one of their captions, which "
        "the detector did not use, has the phrase. P@10 is the precision of the first ten; "
        "chance is that of a random order.",
        module="figures.figure10",
        needs=lambda study: {
            "concepts": study.paths.discovery("concepts"),
            "ranking": study.paths.discovery("concepts-ranking"),
            "predictions": study.paths.predictions(study.main_maps(SVM, f"concepts{PICKED}")),
        },
        image_sets=lambda study: [f"concepts{PICKED}"],
        unavailable=needs.without("concepts"),
        alias="concepts",
    ),
    Figure(
        name="figure10-clip",
        title="Figure 10 by CLIP",
        summary="Figure 10 by CLIP: the same phrases, without mining.",
        caption="The same phrases and held-out images as Figure 10, ranked by CLIP's similarity of "
        "image and phrase, with maps that have the phrase's embedding in place of a detector's weights. "
        "Nothing was trained on the captions.",
        module="figures.figure10",
        needs=lambda study: {
            "concepts": study.paths.discovery("concepts-clip"),
            "ranking": study.paths.discovery("concepts-clip-ranking"),
            "predictions": study.paths.predictions(study.clip_maps["concepts"]),
        },
        image_sets=lambda study: [study.clip_maps["concepts"].image_set],
        unavailable=needs.no_clip,
        target="figure10",
    ),
    Figure(
        name="figure11",
        title="Figure 11",
        summary="Figure 11: text regions, found without boxes.",
        caption="Maps of a linear classifier trained only on which images have words, over test "
        "images with their word boxes, which training did not use, and how much "
        "of the maps lies in the boxes. Centred is a Gaussian in the middle of the image, "
        "uniform a constant map.",
        module="figures.figure11",
        needs=lambda study: {
            "measures": study.paths.discovery("text"),
            "by-image": study.paths.discovery("text-images"),
            "predictions": study.paths.predictions(study.main_maps(SVM, "text")),
            "true-boxes": study.paths.manifest("text", "boxes"),
        },
        image_sets=lambda study: ["text"],
        unavailable=needs.without("text"),
        alias="text",
    ),
    Figure(
        name="figure12",
        title="Figure 12",
        summary="Figure 12: visual question answering and the maps of answers.",
        caption="Questions about images: the answers of a bag of words beside the network's "
        "features, with their probabilities, and the map of the first. Under the question "
        "are people's answers, and the answer from the words alone. Right and wrong "
        "examples are chosen by a fixed rule.",
        module="figures.figure12",
        needs=lambda study: {
            "predictions": study.paths.predictions(study.main_maps(SVM, f"vqa{PICKED}")),
            "questions": study.paths.discovery("vqa-shown"),
        },
        image_sets=lambda study: [f"vqa{PICKED}"],
        unavailable=needs.without("vqa"),
        alias="vqa",
    ),
    Figure(
        name="figure13",
        title="Figure 13",
        summary="Figure 13: class-specific units and their receptive fields.",
        caption="Class-specific units: for each class the units with the largest weights, and the "
        "images that activate each unit most, grey outside of its receptive field. The dashed "
        "square is the theoretical receptive field, as far as it lies in the image. The "
        "classes are those that the network classifies best, or that the configuration "
        "names.",
        module="figures.figure13",
        needs=needs.units("units"),
        image_sets=needs.unit_images("units"),
        alias="units",
    ),
    Figure(
        name="figure13-places205",
        title="Figure 13 on Places205",
        summary="Figure 13 on Places205: the same for scenes.",
        caption="The same as Figure 13, for the scenes of Places205.",
        module="figures.figure13",
        needs=needs.units("units-places205"),
        image_sets=needs.unit_images("units-places205"),
        unavailable=needs.no_places,
        target="figure13",
    ),
])  # fmt: skip


def available(study: Study, artefacts: Mapping[str, Artefact] | None = None) -> list[Artefact]:
    """Return those of the artefacts, by default of all, that a study can make."""
    artefacts = {**TABLES, **FIGURES} if artefacts is None else artefacts
    return [artefact for artefact in artefacts.values() if not artefact.unavailable(study)]


def left_out(study: Study) -> dict[str, str]:
    """Return the reason of each table and figure that a study cannot make, by its title."""
    artefacts = [*TABLES.values(), *FIGURES.values()]
    reasons = {artefact.title: artefact.unavailable(study) for artefact in artefacts}
    return {title: reason for title, reason in reasons.items() if reason}


def targets() -> list[Target]:
    """Return the targets of the workflow: every table and figure, by its name and by its alias."""
    groups: dict[str, list[Artefact]] = {}
    for artefact in [*TABLES.values(), *FIGURES.values()]:
        groups.setdefault(artefact.target or artefact.name, []).append(artefact)
    every = []
    for name, (first, *others) in groups.items():
        target = Target(name, first.summary, (first, *others), first.extras)
        every.append(target)
        if first.alias:
            every.append(replace(target, name=first.alias, alias_of=name))
    submission = Target(
        "submission",
        "The files for the ILSVRC server, where there are test images.",
        extras=lambda study: study.ilsvrc_submissions,
    )
    return [*every, submission]


def files_by_target(study: Study) -> dict[str, list[str]]:
    """Return the files of each target that the study can make, without aliases, and of the page."""
    files = {
        target.name: target.files(study)
        for target in targets()
        if not target.alias_of and not target.unavailable(study)
    }
    return files | {"report": [study.paths.report]}
