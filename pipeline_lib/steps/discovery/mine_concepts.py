"""Mine concept detectors from captioned images, and rank the held-out images by them.

Concepts are given phrases, or phrases mined from the captions of the images that are not held out;
mined ones are sorted by how separable they are in cross-validation on these images. The captions of
held-out images are used for the measures alone.
"""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.data.discovery.captions import captions_of
from pipeline_lib.data.manifest import read_images, write_csv
from pipeline_lib.discovery.concept_tables import picked_images
from pipeline_lib.discovery.concepts import discover_concepts
from pipeline_lib.features.cache import read_features
from pipeline_lib.study.configuration.discovery import ConceptsSection
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.svm.classifier import save

KEYS = tuple(key for key in ConceptsSection.model_fields if key not in ("captions", "clip"))


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--features", type=Path, required=True, help="the .h5 of a network")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--annotations", type=Path, required=True, help="its captions")
    add_settings(parser, ConceptsSection, *KEYS)
    parser.add_argument("--processes", type=int, default=1, help="processes that share the SVMs")
    parser.add_argument("--out", type=Path, required=True, help="the classifier's .npz to write")
    parser.add_argument("--concepts", type=Path, required=True, help="CSV to write: the measures")
    parser.add_argument("--ranking", type=Path, required=True, help="CSV to write: first images")
    parser.add_argument("--picked", type=Path, required=True, help="the figure's manifest to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Read, discover, write."""
    config = read_settings(arguments, ConceptsSection)
    features = read_features(arguments.features, arguments.images)
    captions = captions_of(arguments.annotations, features.image_id)
    discovered = discover_concepts(features, captions, config, arguments.processes)
    table, ranking = discovered.table, discovered.ranking
    shown = table.loc[table["shown"], "concept"].tolist()
    first = ranking[ranking["rank"] <= config.pictures]
    save(arguments.out, discovered.classifier)
    write_csv(arguments.concepts, table)
    write_csv(arguments.ranking, ranking)
    write_csv(arguments.picked, picked_images(first, read_images(arguments.images), shown))
    for row in table.itertuples():
        log.info("%s: precision at 10 %.2f, chance %.2f", row.concept, row.precision, row.chance)
