"""Predictions, heat maps and boxes (paper, section 3.2)."""

import typing
from typing import Literal

from pipeline_lib.study.configuration.networks import MapMethod
from pipeline_lib.study.configuration.section import Section, setting

Interpolation = Literal["bilinear", "bicubic", "nearest"]
AnyMethod = Literal[MapMethod, "backprop", "smooth-grad", "integrated-gradients"]
EVERY_METHOD = typing.get_args(AnyMethod)
LAYER_METHODS = typing.get_args(MapMethod)[1:]  # all but CAM: of a layer's activations
PIXEL_METHODS = EVERY_METHOD[len(typing.get_args(MapMethod)) :]  # gradients by the pixels
FEW_SHOT = "few-shot"  # the baseline that is fitted to boxes, in place of a method


class PredictionSection(Section):
    """How networks run over image sets."""

    batch: int = setting(32, "Crops in one forward pass.", "crops", ge=1)
    backprop_crops: Literal[1, 10] = setting(
        10, "Crops that the gradient baseline averages over.", "crops"
    )
    workers: int = setting(
        1, "Threads that decode images, ahead of the network that reads them.", ge=0
    )
    precision: Literal["float32", "tf32"] = setting(
        "float32",
        "Number format of networks that predict; tf32 is faster on GPUs from Ampere on, and rounds to "
        "10 bits.",
    )
    threads: int = setting(
        1, "Cores of a job that runs a network, fits an SVM or makes boxes.", ge=1
    )


class BoxesSection(Section):
    """How boxes are made from heat maps."""

    threshold: float = setting(
        0.2,
        "The paper's box method keeps what is above it.",
        "fraction of the map's maximum",
        ge=0,
        lt=1,
    )
    interpolation: Interpolation = setting(
        "bilinear", "Upsampling from mapping resolution to the image."
    )
    centred_fraction: float = setting(
        0.8, "Size of the centred baseline box.", "fraction of each side", gt=0, le=1
    )
    held_out_fraction: float = setting(
        0.2, "Images that the threshold sweep chooses its threshold on.", "fraction", gt=0, lt=1
    )


class MapMethodsSection(Section):
    """The table of map methods and networks (table_maps)."""

    methods: list[AnyMethod] = setting(
        list(EVERY_METHOD), "Kinds of maps to compare; the first is what differences are taken to."
    )
    networks: list[str] | None = setting(
        None, "Networks to compare them on; without it, the main network."
    )
    gradients: int | None = setting(
        None,
        "How many gradients smooth-grad and integrated-gradients average; without it 25 and 50, as "
        "their authors do.",
        ge=1,
    )
    few_shot: bool = setting(
        True, "Also a row for maps that are fitted to held-out boxes, of networks with class maps."
    )
