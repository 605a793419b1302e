"""Pictures as they are stored, from their names."""

from pipeline_lib.common.images import STORED, Picture


def stored(root, names):
    """The files of a folder, as ``Picture``s."""
    return [Picture(root / name, STORED) for name in names]
