"""Draw boxes from the class maps of a predictions file: no network needed."""

import argparse
import sys
from pathlib import Path

import pandas as pd

from pipeline_lib.common.command import command, log, parser, progress
from pipeline_lib.data.manifest import read_images, write_csv
from pipeline_lib.localization.boxes import INTERPOLATIONS, THRESHOLD, paper_box, upsample
from pipeline_lib.localization.predictions import read_predictions

TRUE_CLASS = 0  # the rank of the box that is drawn for the true class, whatever was predicted
COLUMNS = ("image_id", "rank", "class", "score", "x0", "y0", "x1", "y1", "rule")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "localize")
    made.add_argument("--predictions", type=Path, required=True, help="the .h5 of a network")
    made.add_argument("--images", type=Path, required=True, help="the manifest, for the sizes")
    made.add_argument("--rule", choices=("paper",), default="paper")
    made.add_argument(
        "--threshold", type=float, default=THRESHOLD, help="as a part of the map's maximum"
    )
    made.add_argument("--interpolation", choices=tuple(INTERPOLATIONS), default="bilinear")
    made.add_argument("--out", type=Path, required=True, help="the boxes CSV to write")
    return made


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """One box for each of the top classes (rank 1 and up), one for the true class (rank 0)."""
    predictions = read_predictions(arguments.predictions, arguments.images)
    sizes = read_images(arguments.images)[["width", "height"]].astype(int).itertuples(index=False)
    rows = []
    for n, (width, height) in enumerate(progress(list(sizes), "boxes")):
        guesses = [
            (rank + 1, int(c), float(predictions.scores[n, rank]), predictions.maps[n, rank])
            for rank, c in enumerate(predictions.classes[n])
        ]
        if predictions.true_class[n] >= 0:
            truth = int(predictions.true_class[n])
            guesses.append((TRUE_CLASS, truth, None, predictions.true_map[n]))
        for rank, index, score, class_map in guesses:
            heat_map = upsample(class_map, width, height, arguments.interpolation)
            box = paper_box(heat_map, arguments.threshold)
            label = predictions.label_of(index)
            rows.append((predictions.image_id[n], rank, label, score, *box, arguments.rule))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    write_csv(arguments.out, frame, made_from=predictions.fingerprint)
    log.info("%s: %d boxes", predictions.name, len(frame))


if __name__ == "__main__":
    sys.exit(main())
