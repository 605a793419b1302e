"""Find the units each class rests on, the images they fire at most, and what they see in them.

One pass over the image set finds every unit's top images. The shown units' receptive fields are then
measured by sliding an occluder over a few of them.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.common.machine import add_decoding, default_device, take_threads
from pipeline_lib.data.classes import names_in
from pipeline_lib.data.manifest import read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.networks.artefact import load_network
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.units.choice import choose_classes, named_classes, top_units
from pipeline_lib.units.looking import Pictures, look_at
from pipeline_lib.units.occlusion import Occluder
from pipeline_lib.units.record import METHODS, UnitsFile, write_units
from pipeline_lib.units.survey import survey
from pipeline_lib.units.theoretical import receptive_field
from pipeline_lib.units.uncapped import UnitMaps


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument("--network", type=Path, required=True, help="its .safetensors")
    parser.add_argument("--images", type=Path, required=True, help="the manifest")
    parser.add_argument("--root", required=True, help="the folder its paths start from")
    parser.add_argument(
        "--names", type=Path, nargs="*", default=[], help="CSV of the classes' names"
    )
    parser.add_argument(
        "--classes",
        nargs="*",
        default=[],
        help="labels or names of those to show; else the best told",
    )
    parser.add_argument("--count", type=int, default=3, help="classes to show, where none is named")
    parser.add_argument("--units", type=int, default=3, help="of a class")
    parser.add_argument("--top", type=int, default=10, help="images of a unit")
    parser.add_argument("--shown", type=int, default=6, help="of these, to show")
    parser.add_argument("--method", choices=METHODS, default="occlusion", help="of the fields")
    parser.add_argument(
        "--occluded", type=int, default=10, help="of these, to slide the occluder over"
    )
    parser.add_argument(
        "--occluder", type=float, default=11, help="its side, at an input of 227 pixels"
    )
    parser.add_argument(
        "--stride", type=float, default=3, help="its stride, at an input of 227 pixels"
    )
    add_decoding(parser)
    parser.add_argument("--out", type=Path, required=True, help="the .h5 to write")
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Survey, choose, occlude, write."""
    take_threads(arguments.threads)
    device = default_device()
    classifier, card = load_network(arguments.network)
    size = tuple(card.preprocessing.size)
    mapped = ClassMapNetwork(classifier, size, card.name)
    layer, layout = mapped.found.layer, mapped.found.layout
    field = receptive_field(classifier, layer, size, layout == "channels last")
    network = UnitMaps(mapped)
    images, root = read_images(arguments.images), root_folder(arguments.root)
    index_of = {label: index for index, label in enumerate(card.classes)}
    foreign = sorted(set(images["label"]) - set(index_of) - {""})
    if foreign:
        raise InputError(f"{arguments.images}: class {foreign[0]} is none of the network's")
    names = names_in(arguments.names)
    asked = named_classes(arguments.classes, card.classes, names)
    seen = survey(
        network,
        card.preprocessing,
        root,
        list(images["path"]),
        np.array([index_of.get(label, -1) for label in images["label"]], np.int64),
        keep=arguments.top,
        batch=arguments.batch,
        workers=arguments.workers,
        device=device,
    )
    log.info(
        "%s: %s, %d units in %d images; theoretical receptive field %g px of %d",
        *(card.name, layer, len(seen.images), len(images), field.x.size, size[1]),
    )
    weights = None if mapped.weights is None else mapped.weights.cpu().numpy()
    resting = pd.DataFrame(
        [
            (of_class, rank, *unit)
            for of_class in range(len(card.classes))
            for rank, unit in enumerate(top_units(weights, of_class, arguments.units), 1)
        ],
        columns=["class_index", "rank", "unit", "weight"],
    )
    shown_classes = asked or choose_classes(seen, arguments.count)
    shown = [row for one in shown_classes for row in np.flatnonzero(resting["class_index"] == one)]
    occluder = Occluder.scaled(arguments.occluder, arguments.stride, max(size))
    looked = look_at(
        resting["unit"].to_numpy()[shown],
        *(network, seen, field, Pictures(root, list(images["path"]), card.preprocessing, device)),
        shown=arguments.shown,
        occluder=occluder if arguments.method == "occlusion" else None,
        occluded=arguments.occluded,
        batch=arguments.batch,
    )
    unit = resting["unit"].to_numpy()
    write_units(
        arguments.out,
        UnitsFile(
            name=card.name,
            method=arguments.method,
            field=field,
            occluder=occluder.size,
            occluded=min(arguments.occluded, seen.images.shape[1]),
            images=fingerprint(arguments.images),
            class_labels=card.classes,
            **{name: resting[name].to_numpy() for name in resting},
            activation=seen.activations[unit],
            image=seen.images[unit],
            place=seen.places[unit],
            seen=seen.seen,
            shown=np.array(shown, np.int64),
            maps=looked.maps,
            change=looked.change,
            shifts=occluder.shifts(size, field),
        ),
    )
    log.info("shown: %s", "; ".join(names[card.classes[one]] for one in shown_classes))
