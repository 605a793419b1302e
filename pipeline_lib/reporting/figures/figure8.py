"""Figure 8: class activation maps of linear SVMs, for classes the network was never trained on."""

from pathlib import Path
from typing import NamedTuple

import matplotlib
import pandas as pd
from matplotlib import pyplot as plt

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import read_json
from pipeline_lib.data.classes import short_name
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.pictures import (
    STYLE,
    explained,
    label_row,
    photograph,
    save,
    show,
)
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
    columns = CLASSES * EACH
    content = []
    with matplotlib.rc_context(STYLE):
        figure = plt.figure(figsize=(11, 3.7 * len(panels)), layout="constrained")
        subfigures = figure.subfigures(len(panels), 1, squeeze=False, hspace=0.02)[:, 0]
        for subfigure, panel in zip(subfigures, panels, strict=True):
            grid = subfigure.subplots(2, columns, squeeze=False)
            for axes in grid.ravel():
                axes.set_axis_off()
            label_row(grid[0, 0], panel.name)
            label_row(grid[1, 0], "SVM's CAM")
            for index, (above, below) in enumerate(zip(*grid, strict=True)):
                if index >= len(panel.images):
                    break
                predictions = panel.predictions
                picture = photograph(panel.root, panel.images, index)
                guess = predictions.labels_of(index)[0]
                truth = predictions.label_of(int(predictions.true_class[index]))
                wrong = "" if guess == truth else f"\n(predicted {short_name(names, guess)})"
                show(above, picture, short_name(names, truth) + wrong)
                score = float(predictions.scores[index, 0])
                show(below, explained(predictions, index, 1, picture), f"{score:.2f}")
                content.append(
                    {
                        "set": panel.name,
                        "image_id": predictions.image_id[index],
                        "class": truth,
                        "predicted": guess,
                        "decision": round(score, 6),
                    }
                )
        save(figure, out, {"images": content})
        plt.close(figure)
