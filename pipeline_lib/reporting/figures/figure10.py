"""Figure 10: concepts mined from captions, and the maps of their detectors."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from pipeline_lib.data.manifest import read_csv
from pipeline_lib.discovery.concept_tables import (
    RANKING_COLUMNS,
    means_of,
    picked_ids,
    read_concepts,
)
from pipeline_lib.localization.heat_maps import TRUE_CLASS
from pipeline_lib.localization.predictions import Predictions
from pipeline_lib.reporting.figures.pictures import (
    GREEN,
    RED,
    STYLE,
    explained,
    photograph,
    save,
    show,
)
from pipeline_lib.reporting.inputs import Inputs

HAS, HAS_NOT = ("✓ in a caption", GREEN), ("✗ in no caption", RED)
_ROW, _NAME = 2.35, 2.3  # inches: a row's height, the width of a concept's name


def plot_from(inputs: Inputs, out: Path) -> None:
    """Plot the figure from the roles concepts, ranking, predictions and images."""
    concepts = read_concepts(inputs.path("concepts"))
    ranking = read_csv(inputs.path("ranking"), RANKING_COLUMNS)
    plot(concepts, ranking, *inputs.predicted_set(), out)


def plot(
    concepts: pd.DataFrame,
    ranking: pd.DataFrame,
    predictions: Predictions,
    images: pd.DataFrame,
    root: Path,
    out: Path,
) -> None:
    """Plot and write the figure: a row per concept: name, numbers, first images.

    ``predictions`` and ``images`` are of the images that ``mine_concepts`` picked; the map is that of
    the row's concept. The JSON has the numbers of all concepts.
    """
    selected = concepts[concepts["shown"]]
    ranking = ranking.assign(picture=picked_ids(ranking))
    place = {name: index for index, name in enumerate(predictions.image_id)}
    ranking = ranking[ranking["picture"].isin(place)]
    columns = int(ranking.groupby("concept").size().max())
    content = []
    with matplotlib.rc_context(STYLE):
        figure, grid = plt.subplots(
            len(selected), columns + 1, squeeze=False, layout="constrained",
            figsize=(_NAME + 2.2 * columns, _ROW * len(selected) + 0.3),
            gridspec_kw={"width_ratios": [_NAME, *[2.2] * columns]},
        )  # fmt: skip
        for axes in grid.ravel():
            axes.set_axis_off()
        figure.suptitle(_heading(concepts, predictions.name), x=0.01, ha="left")
        for line, concept in zip(grid, selected.itertuples(), strict=True):
            _name(line[0], concept)
            first = ranking[ranking["concept"] == concept.concept].sort_values("rank")
            for axes, row in zip(line[1:], first.itertuples(), strict=False):
                index = place[row.picture]
                picture = photograph(root, images, index)
                title = f"{row.rank}.  score {row.score:.2f}"
                show(axes, explained(predictions, index, TRUE_CLASS, picture), title)
                _mark(axes, bool(row.has_phrase))
                content.append(
                    {
                        "concept": row.concept,
                        "rank": int(row.rank),
                        "image_id": row.image_id,
                        "score": round(float(row.score), 6),
                        "in_a_caption": bool(row.has_phrase),
                    }
                )
        save(
            figure,
            out,
            {
                "network": predictions.name,
                "concepts": _records(concepts),
                "means": means_of(concepts),
                "images": content,
            },
        )
        plt.close(figure)


def _heading(concepts: pd.DataFrame, network: str) -> str:
    held_out = int(concepts["n"].iloc[0])
    lines = [
        f"Concepts by the features of {network}: of {held_out:,} held-out images, those that a "
        "concept's detector ranks first, with its map."
    ]
    means = means_of(concepts)
    if means:
        precision, chance = means["precision"], means["chance"]
        lines.append(
            f"Mean of all {precision['n']} concepts: P@10 {precision['value']:.2f} "
            f"[{precision['low']:.2f}, {precision['high']:.2f}], chance {chance['value']:.2f}. "
            "A caption need not mention everything in the image."
        )
    return "\n".join(lines)


def _name(axes: Axes, concept: tuple) -> None:
    """Write a concept's name and its numbers at the start of its row."""
    measures = "no held-out image has it"
    if concept.n_positive:
        measures = (
            f"P@10 {concept.precision:.2f}  [{concept.low:.2f}, "
            f"{concept.high:.2f}]\n"
            f"chance {concept.chance:.2f}  [{concept.chance_low:.2f}, "
            f"{concept.chance_high:.2f}]\n"
            f"in captions of {concept.n_positive} of {concept.n}"
        )
        if concept.max_precision < 1:
            measures += f"\nbest possible {concept.max_precision:.2f}"
    axes.text(
        0, 0.62, f"“{concept.concept}”", transform=axes.transAxes, fontsize=12, fontweight="bold",
        va="bottom", wrap=True,
    )  # fmt: skip
    axes.text(0, 0.54, measures, transform=axes.transAxes, va="top", linespacing=1.5)


def _mark(axes: Axes, has: bool) -> None:
    text, colour = HAS if has else HAS_NOT
    axes.text(
        0.5, -0.03, text, transform=axes.transAxes, ha="center", va="top", color=colour,
        fontweight="bold",
    )  # fmt: skip


def _records(concepts: pd.DataFrame) -> list[dict]:
    """Return the table's rows as plain values; what was not measured is null."""
    numbers = concepts.select_dtypes(np.floating).columns
    plain = concepts.astype(dict.fromkeys(numbers, object) | {"concept": object})
    return plain.where(concepts.notna(), None).to_dict("records")
