"""The localization submission that ILSVRC's server scores: the test labels are not published."""

import itertools
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
    rows = boxes.assign(order=order).query("order >= 0")
    rows = rows.assign(image=pd.factorize(rows["image_id"])[0]).sort_values(["image", "order"])
    corners = rows[["x0", "y0", "x1", "y1"]].round().astype(int) - [0, 0, 1, 1]
    columns = [rows["class"].map(ids), *(corners[name] for name in corners)]
    texts = (" ".join(map(str, values)) for values in zip(*columns, strict=True))
    groups = itertools.groupby(zip(rows["image"], texts, strict=True), key=lambda pair: pair[0])
    return [" ".join(text for _, text in of_image) for _, of_image in groups]
