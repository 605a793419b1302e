"""Theoretical receptive fields: the part of the input that a unit of a layer can see at all.

A network is run once and every tensor operation is watched. For each tensor the interval of input
pixels that one of its units can see is known along both axes: of the input itself, of a convolution or
a pooling by its geometry, of what works place by place by union. What mixes all places, or is not
known here, sees everything. No weight has a say, so the field is exact, and free.
"""

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.tracing import outputs_of
from pipeline_lib.units.geometry import ALL, Axis, ReceptiveField

aten = torch.ops.aten
_SPATIAL = 2  # the last two dimensions, height and width
# These keep places apart beside all that torch itself calls pointwise.
_PLACE_BY_PLACE = {
    *(aten.native_batch_norm, aten._native_batch_norm_legit_no_training, aten.cudnn_batch_norm),
    *(aten._batch_norm_no_update, aten._native_batch_norm_legit, aten.miopen_batch_norm),
    *(aten.clone, aten._to_copy, aten.detach, aten.alias, aten.cat, aten.split, aten.unsqueeze),
    *(aten.split_with_sizes, aten.slice, aten.squeeze, aten.native_dropout),
    *(aten.view, aten._unsafe_view),  # of other dimensions than the last two
}


def receptive_field(
    classifier: nn.Module, layer: str, size: tuple[int, int], channels_last: bool = False
) -> ReceptiveField:
    """Return what the units of ``layer``, a name in the classifier, see of an input of ``size``.

    The field of a layer whose output is channels last is taken to be everything. Raises InputError
    where the layer's output is no (N, channels, h, w) tensor.
    """
    device = next(classifier.parameters()).device
    image = torch.zeros(1, 3, *size, device=device)
    walk = _Walk(image)
    with torch.no_grad(), outputs_of({layer: classifier.get_submodule(layer)}) as outputs, walk:
        classifier(image)
    maps = outputs[layer]
    if maps.dim() != 4:
        raise InputError(f"{layer}: puts out no maps, so its units have no receptive field")
    if channels_last:
        return ReceptiveField(ALL, ALL, size, tuple(maps.shape[1:3]))
    y, x = walk.seen.get(maps, (ALL, ALL))
    return ReceptiveField(y, x, size, tuple(maps.shape[-_SPATIAL:]))


class _Walk(TorchDispatchMode):
    """Knows for each tensor that depends on ``image`` what its units see of it, along y and x."""

    def __init__(self, image: torch.Tensor) -> None:
        super().__init__()
        self.seen = WeakTensorKeyDictionary()
        pixel = Axis(0, 1, 1)
        self.seen[image] = (pixel, pixel)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        given = [one for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor)]
        given = [one for one in given if one in self.seen]
        if given:
            for made in tree_leaves(result):
                if isinstance(made, torch.Tensor):
                    self.seen[made] = self._after(function, args, given, made)
        return result

    def _after(self, function, args: tuple, given: list[torch.Tensor], made: torch.Tensor) -> tuple:
        """Return what the units of ``made`` see, which ``function`` made of the tensors given."""
        known = self.seen[given[0]]
        windows = _windows(function.overloadpacket, args)
        if windows is not None:
            return tuple(axis.window(*window) for axis, window in zip(known, windows, strict=True))
        if function.overloadpacket is aten.constant_pad_nd:
            x, y = ([*args[1], 0, 0, 0, 0][side] for side in (0, 2))
            return known[0].padded(y), known[1].padded(x)
        apart = torch.Tag.pointwise in function.tags or function.overloadpacket in _PLACE_BY_PLACE
        if not apart or made.dim() < _SPATIAL:
            return ALL, ALL
        for other in given:
            if other.shape[-_SPATIAL:] != made.shape[-_SPATIAL:]:
                return ALL, ALL  # one value for all places comes from all places
            joined = zip(known, self.seen[other], strict=True)
            known = tuple(axis.joined(more) for axis, more in joined)
        return known


def _windows(operation, args: tuple) -> list[tuple[int, int, int, int]] | None:
    """Return kernel, stride, padding and dilation along y and x; None where no window slides."""
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
