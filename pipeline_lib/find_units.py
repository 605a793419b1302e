"""Find the units that classes rest on, the images they fire for, and what they see there."""

import argparse
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import torch

from pipeline_lib.common.command import command, log, parser, progress
from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import atomic
from pipeline_lib.data.classes import names_in, short_name
from pipeline_lib.data.loader import WarpedImages, image_batches, normalised
from pipeline_lib.data.manifest import BOX_COLUMNS, read_csv, read_images, write_csv
from pipeline_lib.evaluation.ground_truth import CORNERS
from pipeline_lib.localization.predictions import read_predictions
from pipeline_lib.networks.artefact import load_network
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.units.classes import chosen_classes
from pipeline_lib.units.measure import IMAGE_COLUMNS, in_a_box, unit_rows
from pipeline_lib.units.occlusion import disc, occluded_field, segment
from pipeline_lib.units.theoretical import Field, receptive_field
from pipeline_lib.units.tops import Firing, Tops, strongest_units


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__, "find_units")
    made.add_argument("--network", type=Path, required=True, help="its .safetensors")
    made.add_argument("--predictions", type=Path, required=True, help="its .h5 of these images")
    made.add_argument("--images", type=Path, required=True, help="the manifest")
    made.add_argument("--boxes", type=Path, required=True, help="its boxes")
    made.add_argument("--class-names", type=Path, nargs="*", default=[], help="its classes' names")
    made.add_argument("--root", type=Path, required=True, help="the folder its paths start from")
    made.add_argument(
        "--classes", nargs="*", default=[], help="labels or names; best known without"
    )
    made.add_argument("--count", type=int, default=3, help="of classes, if they are not named")
    made.add_argument("--units", type=int, default=3, help="of a class, by weight")
    made.add_argument("--top", type=int, default=10, help="images of a unit that are measured")
    made.add_argument("--shown", type=int, default=5, help="of these, images that get a mask")
    made.add_argument("--method", choices=("occlusion", "disc"), default="occlusion")
    made.add_argument("--patch", type=float, default=11 / 224, help="occluder, part of the input")
    made.add_argument("--stride", type=float, default=3 / 224, help="its step, part of the input")
    made.add_argument("--disc", type=float, default=65 / 227, help="diameter, part of the input")
    made.add_argument("--least-field", type=float, default=0.2, help="part of the field's maximum")
    made.add_argument(
        "--least-activation", type=float, default=0.5, help="part of the map's maximum"
    )
    made.add_argument("--batch", type=int, default=32, help="images in a forward pass")
    made.add_argument("--workers", type=int, default=0, help="processes that decode images")
    made.add_argument("--threads", type=int, default=0, help="CPU threads; 0 is all")
    made.add_argument("--out", type=Path, required=True, help="CSV of the units to write")
    made.add_argument("--by-image", type=Path, required=True, help="CSV of the images to write")
    made.add_argument("--masks", type=Path, required=True, help=".h5 to write: what is looked at")
    return made


@command(make_parser)
def main(arguments: argparse.Namespace) -> None:
    """Choose classes and units, pass over the images once, then look closer at the top ones."""
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    classifier, card = load_network(arguments.network)
    height, width = card.preprocessing.size
    if height != width:
        raise InputError(f"{arguments.network}: its input is not square, as receptive fields ask")
    network = ClassMapNetwork(classifier, card.preprocessing.size, card.name)
    predictions = read_predictions(arguments.predictions, arguments.images)
    names = names_in(arguments.class_names)
    images = read_images(arguments.images)
    weights = None if network.weights is None else network.weights.numpy()
    units = pd.DataFrame(
        [
            (card.classes[label], short_name(names, card.classes[label]), unit, place, weight)
            for label in chosen_classes(predictions, names, arguments.classes, arguments.count)
            for place, (unit, weight) in enumerate(
                strongest_units(weights, label, arguments.units), 1
            )
        ],
        columns=["label", "class", "unit", "place", "weight"],
    )
    field = receptive_field(network, width)
    log.info("%s: units of %s see %s", card.name, network.found.layer, field)
    looker = _Looker(network, card, arguments)
    tops = looker.tops(images, units["unit"].unique(), arguments.top)
    boxes = read_csv(arguments.boxes, BOX_COLUMNS)
    by_image = _image_rows(units, tops, field, images, boxes, width, arguments.shown)
    chance = (images["label"].value_counts() / len(images)).to_dict()
    table = unit_rows(by_image, units, {label: chance.get(label, 0.0) for label in units["label"]})
    with atomic(arguments.masks) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update({"size": field.size, "clipped": field.clipped, "side": width})
        file.attrs.update({"name": card.name, "method": arguments.method})
        for unit in progress(list(units["unit"].unique()), "units"):
            shown = tops.of(int(unit))[: arguments.shown]
            seen, masks = looker.look(int(unit), shown, images, field)
            group = file.create_group(str(unit))
            group.create_dataset("field", data=seen, compression="lzf")
            group.create_dataset("masks", data=masks, compression="lzf")
            place = [(field.centre(one.column), field.centre(one.row)) for one in shown]
            group.create_dataset("centres", data=np.array(place))
    write_csv(arguments.by_image, by_image)
    write_csv(arguments.out, table)
    log.info("%s", table.round(3).to_string(index=False))


class _Looker:
    """Runs the network: over all images, or over one that is occluded here and there."""

    def __init__(self, network: ClassMapNetwork, card, arguments: argparse.Namespace) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.preprocessing, self.arguments = card.preprocessing, arguments

    @torch.inference_mode()
    def maps(self, pixels: torch.Tensor) -> torch.Tensor:
        """(N, side, side, 3) uint8 to the maps (N, channels, h, w)."""
        steps = self.preprocessing
        return self.network(normalised(pixels, steps.mean, steps.std, self.device))[0]

    def tops(self, images: pd.DataFrame, units: np.ndarray, count: int) -> Tops:
        """Pass over all images once."""
        arguments = self.arguments
        warped = WarpedImages(arguments.root, images["path"], self.preprocessing.size)
        batches = image_batches(warped, arguments.batch, arguments.workers)
        tops, done = Tops(map(int, units), count), 0
        for pixels in progress(batches, "looking", total=-(-len(images) // arguments.batch)):
            tops.add(done, self.maps(pixels)[:, units].float().cpu().numpy())
            done += len(pixels)
        return tops

    def look(
        self, unit: int, top: list[Firing], images: pd.DataFrame, field: Field
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return a unit's field and the masks (n, side, side) of what it looks at in these images."""
        arguments, side = self.arguments, self.preprocessing.size[0]
        paths = [images["path"].iloc[one.index] for one in top]
        warped = WarpedImages(arguments.root, paths, self.preprocessing.size)
        pixels = [warped[index].numpy() for index in range(len(top))]
        if arguments.method == "disc":
            seen = disc(side, arguments.disc * side)
        else:
            seen = occluded_field(
                lambda number, batch: self._at(unit, top[number], batch),
                pixels,
                [(field.centre(one.column), field.centre(one.row)) for one in top],
                side if field.clipped else field.size / 2,
                patch=max(1, round(arguments.patch * side)),
                stride=max(1, round(arguments.stride * side)),
            )
        masks = []
        for one in pixels:
            plane = self.maps(torch.from_numpy(one)[None])[0, unit].float().cpu().numpy()
            centres = tuple(
                np.array([field.centre(index) for index in range(count)])
                for count in plane.shape[::-1]
            )
            masks.append(
                segment(seen, plane, centres, arguments.least_field, arguments.least_activation)
            )
        return seen, np.array(masks)

    def _at(self, unit: int, firing: Firing, batch: np.ndarray) -> np.ndarray:
        maps = self.maps(torch.from_numpy(batch))
        return maps[:, unit, firing.row, firing.column].float().cpu().numpy()


def _image_rows(
    units: pd.DataFrame,
    tops: Tops,
    field: Field,
    images: pd.DataFrame,
    boxes: pd.DataFrame,
    side: int,
    shown: int,
) -> pd.DataFrame:
    """The table of the units' top images; see ``units.measure``."""
    by_image = dict(list(boxes.groupby(["image_id", "label"])[list(CORNERS)]))
    rows = []
    for unit in units.rename(columns={"class": "name"}).itertuples():
        for rank, one in enumerate(tops.of(unit.unit), 1):
            image = images.iloc[one.index]
            x, y = (
                field.centre(at) / side * float(image[extent])
                for at, extent in ((one.column, "width"), (one.row, "height"))
            )
            true = by_image.get((image["image_id"], unit.label))
            inside, area = (np.nan, np.nan)
            if true is not None:
                sizes = float(image["width"]), float(image["height"])
                inside, area = in_a_box(x, y, true.to_numpy(float), *sizes)
            rows.append(
                (
                    *(unit.label, unit.unit, rank, image["image_id"], one.activation, x, y),
                    *(image["label"] == unit.label, float(inside), area, rank <= shown),
                )
            )
    return pd.DataFrame(rows, columns=list(IMAGE_COLUMNS))


if __name__ == "__main__":
    sys.exit(main())
