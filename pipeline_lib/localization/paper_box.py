"""The paper's box method (section 3.2): threshold at 20 % of the maximum, largest component."""

from collections.abc import Sequence

import numpy as np

from pipeline_lib.localization.components import Box, largest_box, stats_above


def paper_box(heat_map: np.ndarray, threshold: float) -> Box:
    """Return the tight box of the largest component above ``threshold`` times the maximum.

    ``heat_map`` is (height, width), already at the image's size. The box is the whole image where
    the map has no positive maximum, holds a NaN or an infinity, or has nothing above the threshold.
    """
    return paper_boxes(heat_map, [threshold])[0]


def paper_boxes(heat_map: np.ndarray, thresholds: Sequence[float]) -> list[Box]:
    """Return ``paper_box`` for each of the ascending ``thresholds``."""
    top = float(heat_map.max())
    if not np.isfinite(heat_map).all() or top <= 0:
        return [(0, 0, *heat_map.shape[::-1])] * len(thresholds)
    above = stats_above(heat_map, [float(threshold) * top for threshold in thresholds])
    return [largest_box(stats, heat_map.shape) for stats in above]
