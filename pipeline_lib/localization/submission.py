"""The localization submission that ILSVRC's server scores: the test labels are not published."""

from collections.abc import Sequence

import pandas as pd


def submission(
    boxes: pd.DataFrame, ids: dict[str, int], guesses: Sequence[tuple[int, str]]
) -> list[str]:
    """Return a line per image: up to five of `label xmin ymin xmax ymax`, in the boxes' order.

    ``boxes`` are rows of BOX_TABLE_COLUMNS, ``ids`` the server's number of each class, ``guesses`` the
    (rank, fit) to write. Corners are whole and inclusive.
    """
    place = {guess: n for n, guess in enumerate(guesses)}
    order = [place.get(guess, -1) for guess in zip(boxes["rank"], boxes["fit"], strict=True)]
    lines = []
    for _, rows in boxes.assign(order=order).query("order >= 0").groupby("image_id", sort=False):
        rows = rows.sort_values("order")
        corners = rows[["x0", "y0", "x1", "y1"]].round().astype(int) - [0, 0, 1, 1]
        tuples = zip(rows["class"].map(ids), corners.itertuples(index=False), strict=True)
        lines.append(" ".join(f"{label} {x0} {y0} {x1} {y1}" for label, (x0, y0, x1, y1) in tuples))
    return lines
