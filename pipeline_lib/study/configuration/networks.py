"""The networks of a study."""

from typing import Literal

from pipeline_lib.study.configuration.section import Section, setting

RELEASED = "released:"  # prefix of a start that is a network of the paper: its .caffemodel

WEIGHT_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")  # of a user's file of weights

# The kinds of maps that guesses have: METHODS of localization/predictions.py but PIXEL_METHODS.
MapMethod = Literal[
    "cam", "grad-cam", "grad-cam++", "layer-cam", "x-grad-cam", "hi-res-cam", "eigen-cam"
]


class NetworkConfig(Section):
    """One network: trained where it has an ``architecture``, else taken ready-trained."""

    architecture: str | None = setting(
        None, "Name in pipeline_lib/networks/registry.py. The study then trains the network."
    )
    options: dict[str, object] = setting({}, "Options of the architecture, for example width.")
    start: str | None = setting(
        None,
        "Fine-tune from this torchvision network, or from 'released:NAME', a published Caffe file; "
        "without it, train from scratch.",
    )
    pretrained: str | None = setting(
        None, "Name of the network in its library, if the study calls it otherwise."
    )
    library: Literal["timm", "torchvision"] | None = setting(
        None, "Library of a ready-trained network; without it, the first that has the name."
    )
    weights: Literal["released"] | None = setting(
        None, "'released': take the published Caffe weights from data_root/weights/."
    )
    classes: str | None = setting(
        None,
        "File of the classes of a ready-trained network that does not have ImageNet's 1,000: a label in "
        "each line, in the order of its scores.",
    )
    head: Literal["svm"] | None = setting(
        None,
        "'svm': take a network of timm without its head, as DINOv2 is published; linear SVMs on its "
        "features take its place in Tables 4 and 5 and, where there are training images, in table_maps.",
    )
    label: str | None = setting(
        None, "Name in tables and figures, if it cannot be a file name (AlexNet*-GAP)."
    )
    recipe: dict[str, object] = setting({}, "Keys of training.recipe that differ for this network.")
    crop: int | None = setting(
        None, "Side of the training input, if it differs from training.crop.", "pixels", ge=1
    )
    maps: MapMethod | None = setting(
        None, "Kind of maps; without it, class maps where the network has them, else Grad-CAM."
    )
    layer: str | None = setting(
        None, "Layer that Grad-CAM and its successors read; without it, the last one."
    )
    backprop: bool = setting(
        False, "Also localize by the gradient of the class score, the paper's baseline."
    )
