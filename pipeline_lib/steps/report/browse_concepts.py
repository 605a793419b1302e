"""Gather what the page shows of concepts: their measures, and the images that they rank first."""

import argparse
from pathlib import Path

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.files import write_json
from pipeline_lib.data.manifest import read_csv, read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.discovery.concept_tables import RANKING_COLUMNS, read_concepts
from pipeline_lib.networks.card import read_card
from pipeline_lib.reporting.page.concepts_data import concepts_data


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--concepts", type=Path, required=True, help="written by mine_concepts")
    parser.add_argument("--ranking", type=Path, required=True, help="written by mine_concepts")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--root", required=True, help="the folder of the images")
    parser.add_argument("--card", type=Path, required=True, help="of the features' network")
    parser.add_argument("--out", type=Path, required=True, help="the JSON to write, for the page")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Gather and write; log how many concepts have images."""
    data = concepts_data(
        read_concepts(arguments.concepts),
        read_csv(arguments.ranking, RANKING_COLUMNS),
        read_images(arguments.images),
        root_folder(arguments.root),
        read_card(arguments.card).name,
    )
    write_json(arguments.out, data)
    pictures = sum(len(concept["pictures"]) for concept in data["concepts"])
    log.info("%d concepts, %d images", len(data["concepts"]), pictures)
