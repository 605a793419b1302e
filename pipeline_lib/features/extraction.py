"""Extraction of features, block by block: an interrupted run resumes after its last whole block."""

from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.blocks import Blocks, block_ranges, discard_blocks
from pipeline_lib.common.command import log, progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.data.manifest import pictures, sampled_sizes
from pipeline_lib.features.cache import Origin, read_features, write_features
from pipeline_lib.features.feature_network import FeatureNetwork
from pipeline_lib.features.forward import feature_batches
from pipeline_lib.networks.card import Preprocessing


def extract_features(
    out: Path,
    origin: Origin,
    network: FeatureNetwork,
    preprocessing: Preprocessing,
    images: pd.DataFrame,
    root: Path,
    boxes: np.ndarray | None,
    *,
    block: int,
    batch: int,
    workers: int,
    partial: Path,
    source: Path,
) -> None:
    """Write the features file ``out`` of all ``images``, a manifest with paths below ``root``.

    Images are cropped to their (n, 4) half-open ``boxes``, if given. A block has about ``block``
    images; blocks are kept in the folder ``partial`` until ``out`` is written. Raises InputError for an
    image that cannot be decoded, and, naming the network's file ``source``, for features that are not
    finite.
    """
    names = list(images["image_id"])
    # The last bits of features depend on their batch, so that a block holds whole batches.
    size = max(1, round(block / batch)) * batch
    key = fingerprint(origin.attributes | {"files": None}, batch, size)
    blocks = Blocks(partial, key, _block_marks(images, root, size))
    missing = blocks.missing()
    rows = list(chain.from_iterable(missing))
    counts = (len(rows), len(names), len(blocks.marks))
    log.info("%s: %s, %d images to do of %d in %d blocks", origin.name, origin.layer, *counts)
    batches = feature_batches(
        network,
        preprocessing,
        pictures(images.iloc[rows], root),
        None if boxes is None else boxes[rows],
        batch=batch,
        workers=workers,
        precision=origin.precision,
    )
    batches = iter(progress(batches, "extracting", total=-(-len(rows) // batch)))
    for images_of_block in missing:
        count = -(-len(images_of_block) // batch)
        features = np.concatenate([next(batches) for _ in range(count)])
        not_finite = np.flatnonzero(~np.isfinite(features).all(axis=1))
        if len(not_finite):
            name = names[images_of_block[not_finite[0]]]
            raise InputError(f"{source}: the features of image {name} are not finite; make it anew")
        blocks.write(images_of_block, features)
    write_features(out, origin, names, blocks)
    discard_blocks(partial)


def is_extracted(path: Path, origin: Origin) -> bool:
    """Return whether the file exists with these features. Raises InputError if it has others."""
    if not path.exists():
        return False
    if read_features(path).fingerprint != origin.fingerprint:
        raise InputError(f"{path}: holds other features; add --rebuild to replace them")
    return True


def _block_marks(images: pd.DataFrame, root: Path, size: int) -> dict[range, str]:
    """Return the images of each block, with a fingerprint of the sizes of their files."""
    return {
        block: fingerprint(sampled_sizes(images[block.start : block.stop], root, size))
        for block in block_ranges(len(images), size)
    }
