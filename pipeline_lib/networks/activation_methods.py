"""Maps of a layer's activations and of the gradients of class scores by them: a function a method.

A function takes ``activations`` (N, C, h, w) and ``gradients`` (N, k, C, h, w) of k classes, and
returns maps (N, k, h, w) of the activations' dtype. They may be negative: ``ActivationMaps`` keeps
their positive part. The definitions, with their small constants, are those of the package
pytorch-grad-cam, so that both can be compared (tests/networks/test_map_methods.py).
"""

from collections.abc import Callable
from typing import NamedTuple

import torch

Maps = Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor]
_TIE = 1e-6  # of a map's range: rounding must not choose a sign


class ActivationMethod(NamedTuple):
    """A method: its function, and whether that reads gradients (they are None where it does not).

    Without gradients the maps depend on no class: they are (N, 1, h, w).
    """

    maps: Maps
    uses_gradients: bool = True


def grad_cam(activations: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Weigh a channel by its mean gradient (Selvaraju et al. 2017, Grad-CAM, Eqs. 1-2)."""
    return _weighted(activations, gradients.mean((3, 4), keepdim=True))


def grad_cam_plus_plus(activations: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Weigh a channel by its positive gradients, each by its own share (Chattopadhay et al. 2018).

    Eq. 19 of Grad-CAM++ gives the shares, Eq. 7 the weights. 1e-6 keeps a share from 0 / 0; where
    gradients are smaller than about 1e-3, it also lowers them.
    """
    squares = gradients**2
    totals = activations.sum((2, 3), keepdim=True)[:, None]
    shares = squares / (2 * squares + totals * (squares * gradients) + 1e-6)
    return _weighted(activations, (torch.relu(gradients) * shares).sum((3, 4), keepdim=True))


def layer_cam(activations: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Weigh each place of a channel by its positive gradient (Jiang et al. 2021, LayerCAM)."""
    return _weighted(activations, torch.relu(gradients))


def x_grad_cam(activations: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Weigh a channel by its gradients, each by its activation's part of the sum (Fu et al. 2020).

    The method is XGrad-CAM. 1e-7 keeps a part from 0 / 0.
    """
    totals = activations.sum((2, 3), keepdim=True)[:, None]
    parts = gradients * activations[:, None] / (totals + 1e-7)
    return _weighted(activations, parts.sum((3, 4), keepdim=True))


def hi_res_cam(activations: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Weigh each place of a channel by its gradient (Draelos and Carin 2020, HiResCAM)."""
    return _weighted(activations, gradients)


def eigen_cam(activations: torch.Tensor, _gradients: torch.Tensor | None) -> torch.Tensor:
    """Project each place on the principal axis of all places (Muhammad and Yeasin 2020, Eigen-CAM).

    Channels are centred first, as in the package. An axis has no sign of its own: it is turned so
    that the place farthest from zero is positive (Chung and Ying 2025, Seg-Eigen-CAM, Eq. 13); where
    both ends are as far, so that the axis's largest component is positive. What is not finite counts
    as zero.
    """
    places = activations.flatten(2).double().nan_to_num(0, 0, 0)  # (N, C, h * w)
    places = places - places.mean(2, keepdim=True)
    axis = _principal_axis(places)
    largest = axis.gather(1, axis.abs().argmax(1, keepdim=True))
    axis = torch.where(largest < 0, -axis, axis)
    maps = (axis[:, None] @ places)[:, 0]
    low, high = maps.aminmax(dim=1, keepdim=True)
    maps = torch.where(-low > high + _TIE * (high - low), -maps, maps)
    return maps.unflatten(1, activations.shape[2:])[:, None].to(activations.dtype)


def _principal_axis(places: torch.Tensor) -> torch.Tensor:
    """Return the unit vectors (N, C) along which (N, C, n) centred points vary most; any sign.

    By the eigenvectors of whichever matrix of products is smaller, channels or places: many times as
    fast as a singular value decomposition. Squares need double precision.
    """
    if places.shape[1] <= places.shape[2]:
        return torch.linalg.eigh(places @ places.mT).eigenvectors[..., -1]
    of_places = torch.linalg.eigh(places.mT @ places).eigenvectors[..., -1:]
    return torch.nn.functional.normalize((places @ of_places)[..., 0], dim=1)


def _weighted(activations: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the sum over channels by (N, k, C, h, w) weights, or (N, k, C, 1, 1)."""
    return (weights * activations[:, None]).sum(2)


ACTIVATION_METHODS = {
    "grad-cam": ActivationMethod(grad_cam),
    "grad-cam++": ActivationMethod(grad_cam_plus_plus),
    "layer-cam": ActivationMethod(layer_cam),
    "x-grad-cam": ActivationMethod(x_grad_cam),
    "hi-res-cam": ActivationMethod(hi_res_cam),
    "eigen-cam": ActivationMethod(eigen_cam, uses_gradients=False),
}
