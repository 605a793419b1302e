"""Explain photographs: their most likely classes, and each class's heat map and box.

Takes images, or folders of them. Writes a sheet of the first ones, and all scores and boxes as JSON.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline_lib.common.command import command, log, step_parser
from pipeline_lib.common.errors import InputError
from pipeline_lib.localization.predictions import METHODS
from pipeline_lib.study.configuration.flags import add_settings, read_settings
from pipeline_lib.study.configuration.localization import BoxesSection, PredictionSection

if TYPE_CHECKING:
    from pipeline_lib.localization.explainers import Explainer

FORMATS = (".png", ".jpg", ".jpeg", ".pdf", ".svg")
_NAMED = 10  # files that could not be read; the JSON has all
_LOGGED = 20  # photographs whose classes are logged; the JSON has all
_CHANCE = 2  # a score below this multiple of 1 / classes says nothing


def make_parser() -> argparse.ArgumentParser:
    """The command line. It needs no PyTorch, so that --help comes at once."""
    parser = step_parser(__doc__, __name__)
    parser.add_argument(
        "photographs", type=Path, nargs="+", metavar="IMAGE", help="an image, or a folder of them"
    )
    parser.add_argument(
        "--network",
        default="tf_efficientnet_lite0",
        help="a network's name in timm or torchvision, or the .safetensors of one of this project",
    )
    parser.add_argument("--weights-folder", type=Path, help="where <network>.safetensors may lie")
    parser.add_argument(
        "--labels", type=Path, help="its classes, if they are not ImageNet's: a label a line"
    )
    parser.add_argument(
        "--names", type=Path, help="CSV with columns label, id, name of the classes"
    )
    parser.add_argument(
        "--classes",
        nargs="+",
        default=[],
        metavar="CLASS",
        help="map these, by label or name, in place of the most likely ones",
    )
    parser.add_argument("--top", type=_positive, default=5, help="most likely classes to name")
    parser.add_argument(
        "--maps",
        choices=METHODS,
        help="kind of maps; class maps by default, Grad-CAM where the network has none",
    )
    parser.add_argument(
        "--layer", help="layer that Grad-CAM and its successors read, by its name in the network"
    )
    parser.add_argument(
        "--crops", type=int, choices=(1, 10), default=1, help="1: the whole image; or ten crops"
    )
    parser.add_argument(
        "--box-method",
        choices=("paper", "authors"),
        default="paper",
        help="how a map becomes a box",
    )
    add_settings(parser, BoxesSection, "threshold", "interpolation")
    add_settings(parser, PredictionSection, "batch", "workers", "precision")
    parser.add_argument("--rows", type=_positive, default=8, help="photographs on the sheet")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("explained.png"),
        help=f"the sheet to write ({', '.join(FORMATS)})",
    )
    parser.add_argument(
        "--json",
        type=Path,
        nargs="?",
        help="scores, boxes and map files; by default beside the sheet",
    )
    parser.add_argument(
        "--npy",
        type=Path,
        metavar="FOLDER",
        help="also write each photograph's maps at mapping resolution: (classes, h, w) float32, "
        "(classes, 10, h, w) of ten crops, (classes, 2, h, w) of gradients by the pixels",
    )
    return parser


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Predict, log the classes, write the sheet, the JSON and the maps."""
    arguments.json = arguments.json or arguments.out.with_suffix(".json")
    _check_outputs(arguments)
    # Only here, where they are needed: PyTorch and Matplotlib take seconds to import.
    from pipeline_lib.common.machine import open_device, use_precision
    from pipeline_lib.data.classes import classes_by_name, read_class_names
    from pipeline_lib.data.photographs import photographs_of
    from pipeline_lib.localization.extraction import BoxExtraction
    from pipeline_lib.localization.forward import input_size
    from pipeline_lib.localization.photographs import PANEL, Photographs, explain_photographs
    from pipeline_lib.reporting.explained import Explanations

    paths = [path for given in arguments.photographs for path in photographs_of(given)]
    boxes = read_settings(arguments, BoxesSection, "threshold", "interpolation")
    prediction = read_settings(arguments, PredictionSection, "batch", "workers", "precision")
    names = read_class_names([arguments.names] if arguments.names else [])
    explainer = _load_explainer(arguments)
    chosen = classes_by_name(arguments.classes, explainer.class_labels, names)
    use_precision(prediction.precision, open_device())
    photographs = Photographs(paths, input_size(explainer, arguments.crops), arguments.rows, PANEL)
    explanations = Explanations(explainer.name, explainer.class_labels, names, arguments.npy)
    for photograph in explain_photographs(
        explainer,
        photographs,
        top=arguments.top,
        chosen=chosen,
        crops=arguments.crops,
        boxes=BoxExtraction(arguments.box_method, boxes.threshold, boxes.interpolation),
        batch=prediction.batch,
        workers=prediction.workers,
    ):
        entry = explanations.add(photograph)
        if len(explanations.entries) <= _LOGGED:
            found = ", ".join(f"{each['name']} {each['score']:.3f}" for each in entry["top"])
            log.info("%s: %s", photograph.path, found)
    faults = [photographs.faults[index] for index in sorted(photographs.faults)]
    if len(faults) == len(paths):
        others = f" (nor can {len(paths) - 1} others)" if len(paths) > 1 else ""
        raise InputError(f"{faults[0]}{others}")
    for fault in faults[:_NAMED]:
        log.warning("%s", fault)
    settings = {
        "maps": explainer.method,
        "crops": arguments.crops,
        "box_method": arguments.box_method,
        "threshold": boxes.threshold if arguments.box_method == "paper" else None,
        "interpolation": boxes.interpolation,
    }
    explanations.write(arguments.out, arguments.json, settings, faults)
    written = [str(arguments.out), str(arguments.json)]
    if arguments.npy:
        written.append(f"{len(explanations.entries)} files in {arguments.npy}")
    _warn_of_chance(explanations.entries, explainer)
    log.info("wrote %s", ", ".join(written))
    if faults:
        named = f"the first {_NAMED} are named above" if len(faults) > _NAMED else "see above"
        raise InputError(
            f"{len(faults)} of {len(paths)} photographs could not be read ({named}); the others are done"
        )


def _load_explainer(arguments: argparse.Namespace) -> "Explainer":
    """Read or adopt the network, and say what its maps are."""
    from pipeline_lib.localization.explainers import network_explainer
    from pipeline_lib.networks.adoption import adopt
    from pipeline_lib.networks.artefact import load_network

    if arguments.network.endswith(".safetensors"):
        classifier, card = load_network(Path(arguments.network))
    else:
        classifier, card = adopt(
            arguments.network, None, arguments.weights_folder, arguments.labels
        )
    explainer = network_explainer(classifier, card, arguments.maps, arguments.layer)
    layer = f" at {explainer.layer}" if explainer.layer else ""
    log.info("%s: maps by %s%s", card.name, explainer.method, layer)
    return explainer


def _warn_of_chance(entries: list[dict], explainer: "Explainer") -> None:
    """Log a line where no class of any photograph is likelier than by chance: untrained weights."""
    best, count = max(entry["top"][0]["score"] for entry in entries), len(explainer.class_labels)
    if explainer.softmax and best < _CHANCE / count:
        log.warning(
            "%s: the highest score is %.4f, of %d classes: no better than chance; are these weights "
            "trained?",
            *(explainer.name, best, count),
        )


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Raise InputError, before any work, for what could not be written in the end."""
    if arguments.out.suffix not in FORMATS:
        raise InputError(f"{arguments.out}: no format of a sheet; end it with {', '.join(FORMATS)}")
    for path in filter(None, (arguments.out, arguments.json, arguments.npy)):
        if not path.parent.is_dir():
            raise InputError(f"{path.parent}: no such folder; make it, or write elsewhere")
    for path in (arguments.out, arguments.json):
        if path.is_dir():
            raise InputError(f"{path}: is a folder; name a file in it")
    given = {path.resolve() for path in arguments.photographs}
    if given & {arguments.out.resolve(), arguments.json.resolve()}:
        raise InputError(f"{arguments.out}: is one of the photographs; write elsewhere")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value
