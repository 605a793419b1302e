"""The trivial baseline, which uses no network: a box in the middle (protocol, section 0)."""

from pipeline_lib.localization.components import Box


def centred_box(width: float, height: float, fraction: float) -> Box:
    """Return the centred box whose sides are ``fraction`` of the image's."""
    x, y = width * (1 - fraction) / 2, height * (1 - fraction) / 2
    return (x, y, width - x, height - y)
