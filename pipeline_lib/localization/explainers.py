"""Networks that explain images: they give the class scores, and a map of any class."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import fingerprint
from pipeline_lib.localization.predictions import PIXEL_METHODS, row_of
from pipeline_lib.networks.activation_maps import ActivationMaps
from pipeline_lib.networks.activation_methods import ACTIVATION_METHODS
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.class_maps import ClassMapNetwork
from pipeline_lib.networks.gradients import (
    SAMPLES,
    STEPS,
    Backprop,
    IntegratedGradients,
    SmoothGrad,
)
from pipeline_lib.networks.linear_maps import LinearClassMaps

AVERAGES = ("smooth-grad", "integrated-gradients")  # methods that average many gradients


@dataclass(frozen=True)
class Explainer:
    """A network whose maps are of one of the METHODS, and what its predictions file says about it.

    ``name`` is the row in the tables, ``class_labels`` are in the order of the scores. Scores are
    the ``softmax`` of the network's outputs, or the outputs themselves (an SVM's decision values).
    """

    network: nn.Module
    method: str
    name: str
    class_labels: list[str]
    preprocessing: Preprocessing
    fingerprint: str
    softmax: bool = True

    @property
    def layer(self) -> str | None:
        """The layer whose activations are read; None for a method that does not take a layer."""
        return getattr(self.network, "layer", None)

    def header(self, crops: int) -> dict[str, object]:
        """Return what the header of predictions from so many crops says of the network."""
        return {
            "class_labels": self.class_labels,
            "name": self.name,
            "method": self.method,
            "crops": crops,
            "size": self.preprocessing.size,
            "warped": self.preprocessing.warped,
            "network": self.fingerprint,
        }


def network_explainer(
    classifier: nn.Module,
    card: NetworkCard,
    method: str | None = None,
    layer: str | None = None,
    gradients: int | None = None,
) -> Explainer:
    """Return the explainer of a classifier by ``method``.

    Without a method: class maps if the network has them, else Grad-CAM; Grad-CAM if a ``layer`` is
    given. ``gradients`` is how many smooth-grad and integrated-gradients average, by default as their
    authors do; other methods ignore it. Raises InputError for an unknown method, for class maps of a
    network that has none, for a layer with a method that does not take one, and for a network without
    a head.
    """
    if not card.classes:
        raise InputError(f"{card.name}: has no head, so it names no class; give an SVM's instead")
    if method in ("cam", *PIXEL_METHODS) and layer is not None:
        raise InputError(f"{card.name}: {method} takes no layer; leave it out or use grad-cam")
    network, method = _network_of(classifier, card, method, layer, gradients)
    averaged = [gradients] * (gradients is not None and method in AVERAGES)
    return Explainer(
        network=network,
        method=method,
        name=row_of(card.name, method),
        class_labels=card.classes,
        preprocessing=card.preprocessing,
        fingerprint=fingerprint(card.fingerprint, layer, *averaged),
    )


def activation_explainers(
    classifier: nn.Module, card: NetworkCard, methods: Sequence[str], layer: str | None = None
) -> list[Explainer]:
    """Return an explainer for each of several methods of ``ActivationMaps``, which share one network.

    Its maps have a plane for each method, from one pass; otherwise they are ``network_explainer``'s.
    Raises InputError for a method of another kind.
    """
    if other := set(methods) - set(ACTIVATION_METHODS):
        raise InputError(f"{card.name}: {min(other)} takes a pass of its own; run it alone")
    first = network_explainer(classifier, card, methods[0], layer)
    size = card.preprocessing.size
    network = ActivationMaps(classifier, size, card.name, methods, first.layer)
    return [replace(first, network=network, method=method) for method in methods]


def linear_explainer(
    classifier: nn.Module,
    card: NetworkCard,
    *,
    weights: np.ndarray,
    bias: np.ndarray,
    normalised: bool,
    class_labels: list[str],
    fingerprint: str,
) -> Explainer:
    """Return the explainer of a linear classifier on a network's features, by class maps.

    ``weights``, ``bias`` and ``normalised`` are as in ``LinearClassMaps``. Raises InputError for a
    network without class maps.
    """
    network = ClassMapNetwork(classifier, card.preprocessing.size, card.name)
    return Explainer(
        network=LinearClassMaps(network, weights, bias, normalised),
        method="cam",
        name=card.name,
        class_labels=class_labels,
        preprocessing=card.preprocessing,
        fingerprint=fingerprint,
        softmax=False,
    )


def _network_of(
    classifier: nn.Module,
    card: NetworkCard,
    method: str | None,
    layer: str | None,
    gradients: int | None,
) -> tuple[nn.Module, str]:
    """Return the network that gives the maps, and the method."""
    preprocessing = card.preprocessing
    if method == "backprop":
        return Backprop(classifier, preprocessing.std), method
    if method == "smooth-grad":
        return SmoothGrad(classifier, preprocessing.std, samples=gradients or SAMPLES), method
    if method == "integrated-gradients":
        return IntegratedGradients(classifier, steps=gradients or STEPS), method
    if method in (None, "cam") and layer is None:
        try:
            return ClassMapNetwork(classifier, preprocessing.size, card.name), "cam"
        except InputError:
            if method == "cam":
                raise
    method = method or "grad-cam"
    return ActivationMaps(classifier, preprocessing.size, card.name, method, layer), method
