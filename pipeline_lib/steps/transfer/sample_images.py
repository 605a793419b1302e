"""Sample a few images of each class, for the SVMs that take the place of a network's head."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.manifest import SPLIT_COLUMNS, read_images, write_csv
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.transfer import TransferSection

_PER_TESTED = 5  # images to train, for one more to test


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    add_settings(parser, TransferSection, "head_images")
    parser.add_argument("--seed", type=int, default=0, help="of the choice")
    parser.add_argument("--out", type=Path, required=True, help="manifest to write")
    parser.add_argument("--splits", type=Path, required=True, help="its splits to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Write the manifest's rows of the sampled images, and which of them train."""
    images = read_images(arguments.images)
    count = read_settings(arguments, TransferSection, "head_images").head_images
    splits = sample(images, count, arguments.seed)
    chosen = images.set_index("image_id", drop=False).loc[splits["image_id"]]
    write_csv(arguments.out, chosen)
    write_csv(arguments.splits, splits)
    counts = splits["subset"].value_counts()
    classes = splits["label"].nunique()
    log.info("%d classes: %d images to train, %d to test", classes, counts["train"], counts["test"])


def sample(images: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Return SPLIT_COLUMNS of one split: ``count`` images of each class to train, a fifth more to test.

    They are chosen at random. A class with fewer images gives all of them. Raises InputError for a
    class with fewer than two.
    """
    rng, rows = np.random.default_rng(seed), []
    most = count + max(1, count // _PER_TESTED)
    for label, members in images[images["label"] != ""].groupby("label", sort=True)["image_id"]:
        if len(members) < 2:
            raise InputError(f"class {label}: has one image, to train or to test; add one")
        chosen = rng.permutation(members.to_numpy())[:most]
        tested = max(1, len(chosen) // (_PER_TESTED + 1))
        subsets = ["train"] * (len(chosen) - tested) + ["test"] * tested
        rows += [
            ("sampled", subset, name, label) for name, subset in zip(chosen, subsets, strict=True)
        ]
    return pd.DataFrame(rows, columns=list(SPLIT_COLUMNS))
