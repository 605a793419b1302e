"""The files that the explorer of the page reads, as the workflow and the step name them."""

from pipeline_lib.reporting.artefact import Artefact, Files
from pipeline_lib.study.paths import VAL
from pipeline_lib.study.study import Study


def _needs(study: Study) -> Files:
    one_crop = sorted(study.one_crop_maps, key=lambda maps: maps.network != study.main)
    maps = [*one_crop, *study.gradient_maps]
    return {
        "predictions": [study.paths.predictions(each) for each in maps],  # the main network's first
        "boxes": study.boxes(maps),
        "true-boxes": study.paths.manifest(VAL, "boxes"),
    }


EXPLORER = Artefact(
    name="explorer",
    title="Class activation maps to explore",
    summary="Maps and boxes of chosen images, moved by hand.",
    caption="The map of a class over an image, and the box that each box method makes of it.",
    module="page.explorer_data",
    needs=_needs,
    image_sets=lambda study: [VAL],
    partial=("predictions", "boxes"),
)
