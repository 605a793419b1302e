"""Finding a ready-trained network's weights, and reading them without executing code."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.pretrained import downloaded_state, packaged_state

_AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")


def find_state(
    name: str, library: str, folder: Path | None
) -> tuple[dict[str, torch.Tensor], Path | str]:
    """Return the state dict of ``name`` and where it came from: a file, or words.

    Searched in this order: ``<name>.safetensors`` or ``.pth`` in ``folder``, an installed package, the
    library's own download. The auxiliary classifiers of the Inception family are left out.
    """
    state, origin = _locate_state(name, library, folder)
    return {key: state[key] for key in state if not key.startswith(_AUXILIARY)}, origin


def _locate_state(
    name: str, library: str, folder: Path | None
) -> tuple[dict[str, torch.Tensor], Path | str]:
    for suffix in (".safetensors", ".pth"):
        path = (folder or Path()) / f"{name}{suffix}"
        if folder is not None and path.exists():
            return read_state(path), path
    packaged = packaged_state(name) if library == "timm" else None
    if packaged is not None:
        return packaged, "an installed package"
    return downloaded_state(name, library), f"{library}'s own download"


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict: safetensors, or a pickle restricted to tensors. Raises InputError."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
    except SafetensorError as error:
        raise InputError(
            f"{path}: not a whole safetensors file ({error}); fetch it again"
        ) from None
    except Exception as error:  # torch.load raises many types for what it refuses
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{path}: not a plain state dict ({reason}); save it as one") from None
    if not isinstance(state, dict) or not all(map(torch.is_tensor, state.values())):
        raise InputError(f"{path}: not a plain state dict; save model.state_dict() alone")
    return state


def load_state(classifier: nn.Module, state: dict[str, torch.Tensor], origin: object) -> None:
    """Load weights strictly; raises InputError naming the first tensor that does not fit."""
    expected = classifier.state_dict()
    for name, tensor in expected.items():
        if name not in state:
            raise InputError(f"{origin}: has no tensor {name}; these are another network's weights")
        if state[name].shape != tensor.shape:
            raise InputError(
                f"{origin}: {name} is {tuple(state[name].shape)}, the network's is "
                f"{tuple(tensor.shape)}; these are another network's weights"
            )
    unknown = [name for name in state if name not in expected]
    if unknown:
        raise InputError(f"{origin}: has a tensor {unknown[0]} that the network does not have")
    classifier.load_state_dict(state)
