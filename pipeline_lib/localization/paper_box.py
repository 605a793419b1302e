"""The paper's box method (section 3.2): threshold at 20 % of the maximum, largest component."""

import numpy as np

from pipeline_lib.localization.components import Box, largest_component


def paper_box(heat_map: np.ndarray, threshold: float) -> Box:
    """Return the tight box of the largest component above ``threshold`` times the maximum.

    ``heat_map`` is (height, width), already at the image's size. The box is the whole image where
    the map has no positive maximum, holds a NaN or an infinity, or has nothing above the threshold.
    """
    top = float(heat_map.max())
    if not np.isfinite(heat_map).all() or top <= 0:
        return (0, 0, *heat_map.shape[::-1])
    return largest_component(heat_map > threshold * top)
