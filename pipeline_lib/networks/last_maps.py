"""The last maps of any network: of its class maps, or those that Grad-CAM reads."""

import torch
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.activation_maps import last_spatial_layer
from pipeline_lib.networks.class_maps import ClassMapLayer, ClassMapNetwork
from pipeline_lib.networks.layouts import layouts_of
from pipeline_lib.networks.tracing import record_outputs


def last_maps(classifier: nn.Module, size: tuple[int, int], name: str) -> ClassMapNetwork:
    """Return the network that gives a classifier's last maps; without class maps, it has no weights.

    ``size`` is the input's (height, width). Raises InputError for a network whose layers output no
    maps.
    """
    try:
        return ClassMapNetwork(classifier, size, name)
    except InputError:
        path = last_spatial_layer(classifier, size, name)
    image = torch.zeros(1, 3, *size, device=next(classifier.parameters()).device)
    layer = classifier.get_submodule(path)
    with torch.inference_mode(), record_outputs({path: layer}) as outputs:
        classifier(image)
    layout = layouts_of(outputs[path], size)[0]
    return ClassMapNetwork(
        classifier,
        size,
        name,
        ClassMapLayer(path, layout, activation="none", pool="avg", linear=None),
    )
