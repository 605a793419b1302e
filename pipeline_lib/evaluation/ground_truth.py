"""The images that localization is scored on, and their true boxes."""

import numpy as np
import pandas as pd

CORNERS = ["x0", "y0", "x1", "y1"]


def localizable(
    images: pd.DataFrame, true_boxes: pd.DataFrame, labelled: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the (n,) mask of the labelled images with boxes that are not blacklisted, and their boxes.

    The boxes are (m_i, 4) arrays in the order of these images.
    """
    boxes_of = {name: group[CORNERS].to_numpy() for name, group in true_boxes.groupby("image_id")}
    keep = (
        labelled
        & (images["blacklisted"] == 0).to_numpy()
        & images["image_id"].isin(boxes_of).to_numpy()
    )
    return keep, [boxes_of[name] for name in images["image_id"][keep]]
