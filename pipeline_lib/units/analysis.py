"""The whole analysis of a network's units: survey, selection of classes and units, inspection."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.classes import ClassNames, classes_by_name
from pipeline_lib.data.manifest import identify_images, pictures, read_images
from pipeline_lib.networks.card import NetworkCard
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.networks.layouts import LAST, TOKENS
from pipeline_lib.study.configuration.units import UnitsSection
from pipeline_lib.units.inspection import InputImages, inspect
from pipeline_lib.units.occlusion import Occluder
from pipeline_lib.units.selection import best_classes, top_units
from pipeline_lib.units.survey import survey_units
from pipeline_lib.units.theoretical_field import theoretical_field
from pipeline_lib.units.unit_maps import UnitMaps
from pipeline_lib.units.units_file import UnitsFile

log = logging.getLogger(__name__)


def analyse_units(
    classifier: nn.Module,
    card: NetworkCard,
    manifest: Path,
    root: Path,
    names: ClassNames,
    settings: UnitsSection,
    *,
    batch: int,
    workers: int,
    device: torch.device,
    precision: str,
) -> UnitsFile:
    """Find the units that each class relies on, their top images, and receptive fields of the shown.

    Paths in the ``manifest`` start from ``root``; ``precision`` is noted in the file. Raises InputError
    for a class in the manifest or in the settings that the network does not have, and for a network
    without class maps.
    """
    size = tuple(card.preprocessing.size)
    mapped = ClassMapNetwork(classifier, size, card.name)
    layer = mapped.map_layer
    if layer.layout.kind == TOKENS:
        raise InputError(
            f"{card.name}: a token of a transformer sees the whole image: its units have no receptive "
            "field; choose another network (units.network)"
        )
    field = theoretical_field(classifier, layer.name, size, layer.layout == LAST)
    network = UnitMaps(mapped)
    images = read_images(manifest)
    true_classes = _true_classes(images["label"], card, manifest)
    classes = classes_by_name(settings.classes, card.classes, names)
    survey = survey_units(
        network,
        card.preprocessing,
        pictures(images, root),
        true_classes,
        top=settings.top,
        batch=batch,
        workers=workers,
        device=device,
    )
    log.info(
        "%s: %s, %d units in %d images; theoretical receptive field %g px of %d",
        *(card.name, layer.name, len(survey.images), len(images), field.x.size, size[1]),
    )
    rows = _rows(mapped, len(card.classes), settings.units)
    classes = classes or best_classes(survey, settings.count)
    shown_rows = [row for index in classes for row in np.flatnonzero(rows["class_index"] == index)]
    unit = rows["unit"].to_numpy()
    occluder = Occluder.scaled(settings.occluder, settings.stride, max(size))
    inspection = inspect(
        unit[shown_rows],
        network,
        survey,
        field,
        InputImages(pictures(images, root), card.preprocessing, device),
        shown=settings.shown,
        occluder=occluder if settings.method == "occlusion" else None,
        occluded=settings.occluded,
        batch=batch,
    )
    log.info("shown: %s", "; ".join(names[card.classes[index]] for index in classes))
    return UnitsFile(
        name=card.name,
        method=settings.method,
        field=field,
        occluder=occluder.size,
        occluded=min(settings.occluded, survey.images.shape[1]),
        **identify_images(manifest, images, root)._asdict(),
        precision=precision,
        class_labels=card.classes,
        **{name: rows[name].to_numpy() for name in rows},
        activation=survey.activations[unit],
        image=survey.images[unit],
        position=survey.positions[unit],
        class_images=survey.class_images,
        shown_rows=np.array(shown_rows, np.int64),
        maps=inspection.maps,
        drop=inspection.drop,
        shifts=occluder.shifts(size, field),
    )


def _true_classes(labels: pd.Series, card: NetworkCard, manifest: Path) -> np.ndarray:
    """Return the class index of each image, -1 for images without a label."""
    index_of = {label: index for index, label in enumerate(card.classes)}
    unknown = sorted(set(labels) - set(index_of) - {""})
    if unknown:
        raise InputError(f"{manifest}: the network has no class {unknown[0]}")
    return np.array([index_of.get(label, -1) for label in labels], np.int64)


def _rows(network: ClassMapNetwork, classes: int, count: int) -> pd.DataFrame:
    """Return the ``count`` top units of each class: class_index, rank from 1, unit, weight."""
    weights = None if network.weights is None else network.weights.cpu().numpy()
    return pd.DataFrame(
        [
            (class_index, rank, *unit)
            for class_index in range(classes)
            for rank, unit in enumerate(top_units(weights, class_index, count), 1)
        ],
        columns=["class_index", "rank", "unit", "weight"],
    )
