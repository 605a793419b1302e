"""Mine detectors of concepts from captioned images, and rank images held out by them.

Concepts are phrases that are given, or found in the captions of the images to mine; of those found
the ones that can best be told in cross-validation on these images come first. The captions of the
images held out have no say but in the measures.
"""

import argparse
from pathlib import Path

import numpy as np

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.data.discovery.captions import ANNOTATION_COLUMNS
from pipeline_lib.data.manifest import read_csv, read_images, write_csv
from pipeline_lib.discovery import concepts
from pipeline_lib.discovery.mining import Recipe, stacked
from pipeline_lib.discovery.phrases import candidates, having, listed
from pipeline_lib.discovery.unit_features import UnitFeatures
from pipeline_lib.features.cache import Features, read_features
from pipeline_lib.svm.classifier import LinearClassifier, save
from pipeline_lib.svm.problem import Solution


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    usual = Recipe()
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--features", type=Path, required=True, help="the .h5 of a network")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--annotations", type=Path, required=True, help="its captions")
    parser.add_argument("--phrases", nargs="+", default=[], help="the concepts; mined if not given")
    parser.add_argument("--count", type=int, default=100, help="how many concepts to mine")
    parser.add_argument("--longest", type=int, default=3, help="words of a mined phrase")
    parser.add_argument("--least", type=int, default=50, help="images to mine with a mined phrase")
    parser.add_argument("--held-out", type=float, default=0.4, help="part of the images")
    parser.add_argument("--keep", type=float, default=usual.keep, help="part of the positives")
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="at most")
    parser.add_argument("--most", type=int, default=usual.most, help="positives, or negatives")
    parser.add_argument("--cost", type=float, default=usual.cost, help="the SVMs' C")
    parser.add_argument("--folds", type=int, default=usual.folds, help="of the cross-validation")
    parser.add_argument("--seed", type=int, default=usual.seed, help="of all that is drawn")
    parser.add_argument("--show", type=int, default=6, help="concepts in the figure")
    parser.add_argument("--pictures", type=int, default=5, help="images of each in the figure")
    parser.add_argument("--out", type=Path, required=True, help="the classifier's .npz to write")
    parser.add_argument("--concepts", type=Path, required=True, help="CSV to write: the measures")
    parser.add_argument("--ranking", type=Path, required=True, help="CSV to write: first images")
    parser.add_argument("--picked", type=Path, required=True, help="the figure's manifest to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Divide, find phrases, mine, rank and measure."""
    features = read_features(arguments.features, arguments.images)
    images = read_images(arguments.images)
    captions = _captions(arguments.annotations, features.image_id)
    parts = concepts.divide(len(captions), arguments.held_out, arguments.seed)
    recipe = Recipe(**{name: getattr(arguments, name) for name in Recipe.__dataclass_fields__})
    phrases = listed(arguments.phrases) or candidates(
        [captions[row] for row in parts.mined],
        longest=arguments.longest,
        least=arguments.least,
        count=arguments.count,
    )
    has = having(captions, phrases)
    concepts.check(phrases, has, parts)
    units = UnitFeatures(features.features)
    found, told = concepts.discover(units, has, parts, recipe)
    detectors = stacked([one.solution for one in found])
    values = units.decide(detectors)
    unmined = units.decide(stacked([one.first for one in found]))
    table = concepts.table_of(phrases, found, told, values, unmined, has, parts)
    if not arguments.phrases:
        table = table.sort_values("told_apart", ascending=False, kind="stable")
    table["shown"] = np.arange(len(table)) < arguments.show
    ranking = concepts.ranking_of(phrases, features.image_id, values, has, parts)
    shown = table.loc[table["shown"], "concept"].tolist()
    first = ranking[ranking["rank"] <= arguments.pictures]
    save(arguments.out, _classifier(phrases, detectors, features, recipe.cost))
    write_csv(arguments.concepts, table)
    write_csv(arguments.ranking, ranking)
    write_csv(arguments.picked, concepts.pictures_of(first, images, shown))
    for row in table.itertuples():
        log.info("%s: precision at 10 %.2f, chance %.2f", row.concept, row.precision, row.chance)


def _captions(path: Path, image_id: list[str]) -> list[list[str]]:
    """Each image's captions. Raises InputError for an image that has none."""
    table = read_csv(path, ANNOTATION_COLUMNS)
    grouped = table.groupby("image_id", sort=False)["caption"].agg(list)
    lacking = set(image_id) - set(grouped.index)
    if lacking:
        raise InputError(f"{path}: no caption of image {min(lacking)}; delete it and rerun index")
    return [grouped[name] for name in image_id]


def _classifier(
    phrases: list[str], detectors: Solution, features: Features, cost: float
) -> LinearClassifier:
    return LinearClassifier(
        weights=detectors.weights,
        bias=detectors.bias,
        objective=detectors.objective,
        classes=phrases,
        cost=cost,
        normalised=True,
        network=features.network,
        features=features.fingerprint,
        split="mined",
    )
