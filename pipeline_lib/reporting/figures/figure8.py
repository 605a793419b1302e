"""Figure 8: class activation maps of linear SVMs, for classes the network was never trained on."""

from pathlib import Path
from typing import NamedTuple

import matplotlib
import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json
from pipeline_lib.data.classes import short_name
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.alt import brightest_of, counted, listed
from pipeline_lib.reporting.figures.pictures import STYLE, explained, judged, photograph, save
from pipeline_lib.reporting.figures.sheet import BLOCK_GAP, GAP, LABELLED, Cell, Line, Sheet
from pipeline_lib.reporting.inputs import Inputs

CLASSES, EACH = 3, 2


class Panel(NamedTuple):
    """A data set: its name, the SVM's predictions for the picked images, these and their folder."""

    name: str
    predictions: Predictions
    images: pd.DataFrame
    root: Path


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the roles predictions, images, classes and summaries, one of each per set."""
    sets, summaries = inputs.predicted_sets(), inputs.paths("summaries")
    if len(summaries) != len(sets):
        raise InputError("figure8 takes as many --input summaries as --input predictions")
    titles = [read_json(path)["data_set"] for path in summaries]
    panels = [Panel(title, *each) for title, each in zip(titles, sets, strict=True)]
    plot(panels, inputs.names, out)


def plot(panels: list[Panel], names: dict[str, str], out: Path) -> None:
    """Plot and write the figure: two rows per set, images above the maps of the predicted class.

    The images are those that the step ``pick_images`` chose, class by class.
    """
    content, places = [], []
    with matplotlib.rc_context(STYLE):
        sheet = Sheet()
        spots = sheet.cells(CLASSES * EACH, left=LABELLED)
        for panel in panels:
            predictions = panel.predictions
            above, below = [], []
            for index in range(min(len(panel.images), CLASSES * EACH)):
                picture = photograph(panel.root, panel.images, index)
                guess = predictions.labels_of(index)[0]
                truth = predictions.label_of(int(predictions.true_class[index]))
                head = [Line(short_name(names, truth))]
                if guess != truth:
                    head.append(judged(f"predicted {short_name(names, guess)}", right=False))
                score = float(predictions.scores[index, 0])
                heat = explained(predictions, index, 1, picture)
                above.append(Cell(picture, head))
                below.append(Cell(heat.picture, below=[f"decision {score:.2f}"]))
                places.append(heat.brightest)
                content.append(
                    {
                        "set": panel.name,
                        "image_id": predictions.image_id[index],
                        "class": truth,
                        "predicted": guess,
                        "decision": round(score, 6),
                    }
                )
            sheet.row(above, spots, panel.name)
            sheet.row(below, spots, "SVM's CAM")
            sheet.top += BLOCK_GAP - GAP
        sheet.colour_bar()
        save(sheet.finish(), out, {"images": content}, _alt(content, names, places))


def _alt(content: list[dict], names: dict[str, str], places: list[str]) -> str:
    classes: dict[str, list[str]] = {}
    for image in content:
        classes.setdefault(image["set"], []).append(short_name(names, image["class"]))
    sets = "; ".join(f"{name}: {listed(each)}" for name, each in classes.items())
    wrong = sum(image["class"] != image["predicted"] for image in content)
    return (
        f"Images of {counted(len(classes), 'data set')}, each above the map of the class that a linear "
        f"SVM predicts: {sets}. {wrong} of {len(content)} predictions are wrong; "
        f"{brightest_of(places)}."
    )
