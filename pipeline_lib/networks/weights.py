"""Finding a ready-trained network's weights, and reading them without executing code."""

import pickle
import re
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.file_kinds import kind_of
from pipeline_lib.networks.pretrained import downloaded_state, packaged_state
from pipeline_lib.study.configuration.networks import WEIGHT_SUFFIXES

_WRAPPERS = ("state_dict", "model", "model_state", "model_state_dict", "module", "net", "network")
_PREFIXES = ("module.", "_orig_mod.", "model.")
_FORBIDDEN = re.compile(r"GLOBAL ([\w.]+)")  # what a pickle asks for, in PyTorch's message
_COUNTERS = (
    "num_batches_tracked"  # of batch norm; old files lack it, and evaluation does not use it
)
_AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")


def find_state(
    name: str, library: str, folder: Path | None
) -> tuple[dict[str, torch.Tensor], Path | str]:
    """Return the state dict of ``name`` and where it came from: a file, or words.

    Searched in this order: ``<name>`` with one of WEIGHT_SUFFIXES in ``folder``, an installed package,
    the library's own download. The auxiliary classifiers of the Inception family are left out.
    """
    state, origin = _locate_state(name, library, folder)
    return {key: state[key] for key in state if not key.startswith(_AUXILIARY)}, origin


def _locate_state(
    name: str, library: str, folder: Path | None
) -> tuple[dict[str, torch.Tensor], Path | str]:
    for suffix in WEIGHT_SUFFIXES:
        path = (folder or Path()) / f"{name}{suffix}"
        if folder is not None and path.exists():
            return read_state(path), path
    packaged = packaged_state(name) if library == "timm" else None
    if packaged is not None:
        return packaged, "an installed package"
    return downloaded_state(name, library), f"{library}'s own download"


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict: safetensors, or a pickle restricted to tensors.

    It may be wrapped in a dictionary, as training scripts save it, and its names may have the prefixes
    of parallel or compiled networks. Raises InputError for anything else; code is never executed.
    """
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
    except Exception as error:  # torch.load raises many types for what it refuses
        raise InputError(f"{path}: {_why_not_weights(path, error)}") from None
    state = _unwrapped(state)
    if state is None:
        raise InputError(f"{path}: not a plain state dict; save model.state_dict() alone")
    return _without_prefixes(state)


def _why_not_weights(path: Path, error: Exception) -> str:
    """Return what is wrong with a file that cannot be read as weights, and what to do."""
    kind = kind_of(path)
    is_format = kind.endswith(("a ZIP archive", "a pickle"))  # what torch.save writes
    if kind and not (is_format and path.suffix != ".safetensors"):
        return f"is {kind}, not weights; fetch them again"
    if isinstance(error, SafetensorError):
        return f"not a whole safetensors file ({reason_of(error)}); fetch it again"
    if is_format and (found := _FORBIDDEN.search(str(error))):
        return (
            f"holds more than tensors ({found[1]}), and code in weights is never run; "
            "save model.state_dict() alone"
        )
    if isinstance(error, pickle.UnpicklingError):
        return (
            "not a plain state dict, or damaged; save model.state_dict() alone, or fetch it again"
        )
    return f"not a plain state dict ({reason_of(error)}); save model.state_dict() alone"


def _unwrapped(content: object) -> dict[str, torch.Tensor] | None:
    """Return the state dict in what was read, which may be an entry of it; None if there is none."""
    if not isinstance(content, dict):
        return None
    if content and all(map(torch.is_tensor, content.values())):
        return content
    for key in _WRAPPERS:
        if (inner := _unwrapped(content.get(key))) is not None:
            return inner
    return None


def _without_prefixes(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Drop the prefixes that all names of a parallel or compiled network have, in any order."""
    while prefix := next((p for p in _PREFIXES if all(name.startswith(p) for name in state)), ""):
        state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state


def load_state(classifier: nn.Module, state: dict[str, torch.Tensor], origin: object) -> None:
    """Load weights strictly; raises InputError naming the first tensor that does not fit."""
    expected = classifier.state_dict()
    counters = {name: expected[name] for name in expected if name.endswith(_COUNTERS)}
    state = counters | state
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
