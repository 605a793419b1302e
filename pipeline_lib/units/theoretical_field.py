"""Theoretical receptive fields: the region of the input that a unit of a layer can depend on.

The network runs once, and every tensor operation is intercepted. For each tensor, the interval of input
pixels that a unit depends on is tracked along both axes: through convolutions and poolings by their
geometry, through pointwise operations by union. An operation that mixes all positions, or is unknown
here, depends on the whole input. Weights are not used, so the result is exact.
"""

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.tracing import record_outputs
from pipeline_lib.units.receptive_field import WHOLE_INPUT, Axis, ReceptiveField

aten = torch.ops.aten
_SPATIAL = 2  # the last two dimensions, height and width
# These treat each position separately, beside the operations that torch itself tags as pointwise.
_POINTWISE = {
    *(aten.native_batch_norm, aten._native_batch_norm_legit_no_training, aten.cudnn_batch_norm),
    *(aten._batch_norm_no_update, aten._native_batch_norm_legit, aten.miopen_batch_norm),
    *(aten.clone, aten._to_copy, aten.detach, aten.alias, aten.cat, aten.split, aten.unsqueeze),
    *(aten.split_with_sizes, aten.slice, aten.squeeze, aten.native_dropout),
    *(aten.view, aten._unsafe_view),  # of other dimensions than the last two
}


def theoretical_field(
    classifier: nn.Module, layer: str, size: tuple[int, int], channels_last: bool = False
) -> ReceptiveField:
    """Return the receptive field of ``layer``, a path in the classifier, for an input of ``size``.

    For a layer with channels last, it is the whole input. Raises InputError if the layer's output is
    not a (N, channels, h, w) tensor.
    """
    device = next(classifier.parameters()).device
    image = torch.zeros(1, 3, *size, device=device)
    tracker = _FieldTracker(image)
    module = classifier.get_submodule(layer)
    with torch.no_grad(), record_outputs({layer: module}) as outputs, tracker:
        classifier(image)
    maps = outputs[layer]
    if maps.dim() != 4:
        raise InputError(f"{layer}: outputs no maps, so its units have no receptive field")
    if channels_last:
        return ReceptiveField(WHOLE_INPUT, WHOLE_INPUT, size, tuple(maps.shape[1:3]))
    y, x = tracker.fields.get(maps, (WHOLE_INPUT, WHOLE_INPUT))
    return ReceptiveField(y, x, size, tuple(maps.shape[-_SPATIAL:]))


class _FieldTracker(TorchDispatchMode):
    """Tracks the (y, x) axes of each tensor that depends on ``image``."""

    def __init__(self, image: torch.Tensor) -> None:
        super().__init__()
        self.fields = WeakTensorKeyDictionary()
        pixel = Axis(0, 1, 1)
        self.fields[image] = (pixel, pixel)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        inputs = [tensor for tensor in tensors if tensor in self.fields]
        if inputs:
            for output in tree_leaves(result):
                if isinstance(output, torch.Tensor):
                    self.fields[output] = self._field_of(function, args, inputs, output)
        return result

    def _field_of(
        self, function, args: tuple, inputs: list[torch.Tensor], output: torch.Tensor
    ) -> tuple[Axis, Axis]:
        """Return the (y, x) axes of ``output``, computed by ``function`` from ``inputs``."""
        axes = self.fields[inputs[0]]
        windows = _windows(function.overloadpacket, args)
        if windows is not None:
            return tuple(axis.window(*window) for axis, window in zip(axes, windows, strict=True))
        if function.overloadpacket is aten.constant_pad_nd:
            x, y = ([*args[1], 0, 0, 0, 0][side] for side in (0, 2))
            return axes[0].padded(y), axes[1].padded(x)
        pointwise = torch.Tag.pointwise in function.tags or function.overloadpacket in _POINTWISE
        if not pointwise or output.dim() < _SPATIAL:
            return WHOLE_INPUT, WHOLE_INPUT
        for other in inputs:
            if other.shape[-_SPATIAL:] != output.shape[-_SPATIAL:]:
                # one value for all positions comes from all positions
                return WHOLE_INPUT, WHOLE_INPUT
            pairs = zip(axes, self.fields[other], strict=True)
            axes = tuple(axis.joined(second) for axis, second in pairs)
        return axes


def _windows(operation, args: tuple) -> list[tuple[int, int, int, int]] | None:
    """Return kernel, stride, padding and dilation along y and x; None if no window slides."""
    if operation is aten.convolution and not args[6]:  # transposed
        kernel, (stride, padding, dilation) = args[1].shape[2:], args[3:6]
    elif operation in (aten.max_pool2d_with_indices, aten.avg_pool2d):
        kernel, stride, padding, dilation = (*args[1:4], *(None,) * 4)[:4]
        dilation = args[4] if operation is aten.max_pool2d_with_indices and len(args) > 4 else 1
    elif operation is aten.avg_pool3d and tuple(args[1][1:]) == (1, 1):
        return [(1, 1, 0, 1)] * _SPATIAL  # over channels, as in local response normalisation
    else:
        return None
    padding = 0 if padding is None else padding
    return list(
        zip(*(_pair(value) for value in (kernel, stride or kernel, padding, dilation)), strict=True)
    )


def _pair(value: int | list[int]) -> tuple[int, int]:
    values = [value] if isinstance(value, int) else list(value)
    return tuple(values * 2 if len(values) == 1 else values)
