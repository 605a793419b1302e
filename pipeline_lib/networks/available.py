"""Whether networks that a configuration names exist and have weights, before anything runs.

PyTorch and the libraries take seconds to import, so the workflow asks only for networks that it has not
made yet, and they are imported only for a network that ``known.py`` does not list.
"""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.nearest import nearest
from pipeline_lib.networks import known
from pipeline_lib.study.configuration.networks import RELEASED


def check_ready_trained(
    key: str,
    name: str,
    library: str | None,
    files: Sequence[str],
    layer: str | None = None,
    *,
    classes: str | None = None,
    has_head: bool = True,
    others: Sequence[str] = (),
) -> None:
    """Check a network that is taken from a library; ``key`` of the configuration asks for it.

    ``files`` are the user's files of its weights, if there are any; ``layer`` is one that Grad-CAM is
    to read. Without ``has_head`` it is taken without its head. ``others`` are the study's other
    networks: one of them may have been meant. Raises InputError for a name that no library has, for a
    network without published weights or a file of them, and for a layer that it does not have.
    """
    if known.is_published(name, library) and classes is None and layer is None and has_head:
        return
    import torch

    from pipeline_lib.networks.adoption import require_imagenet
    from pipeline_lib.networks.pretrained import (
        build_by_name,
        is_packaged,
        library_names,
        library_of,
    )

    names = library_names(library)
    if name not in names:
        where = f"{library} does not have it" if library else "neither timm nor torchvision has it"
        hint = nearest(name, [*names, *others])
        raise InputError(f"unknown network '{name}' ({key}): {where}{hint}")
    library = library or library_of(name)
    if not files and not is_packaged(name, library) and not _is_published(name, library):
        raise InputError(
            f"{key}: {library} has no weights of {name}; put a file of your own at "
            f"<data_root>/weights/{name}.safetensors"
        )
    if not has_head:
        if library != "timm":
            raise InputError(f"{key}.head: only a network of timm can be taken without its head")
    elif classes is None:
        require_imagenet(name, library, f"name its own in a file ({key}.classes)")
    elif not Path(classes).exists():
        raise InputError(f"{key}.classes: {classes} not found; write a label in each line")
    if layer is not None:
        with torch.device("meta"):
            layers = [each for each, _ in build_by_name(name, library).named_modules() if each]
        if layer not in layers:
            raise InputError(f"{key}.layer: {name} has no layer '{layer}'{nearest(layer, layers)}")


def check_start(key: str, start: str, files: Sequence[str]) -> None:
    """Check what a training starts from; ``files`` are the user's files of its weights.

    Raises InputError for a name that torchvision does not have, or that was not released.
    """
    if not start.startswith(RELEASED):
        check_ready_trained(key, start, "torchvision", files)
        return
    from pipeline_lib.networks.caffe.released import find_release

    try:
        find_release(start.removeprefix(RELEASED))
    except InputError as error:
        raise InputError(f"{key}: {error}") from None


_WORDS = {bool: "true or false", int: "a whole number", float: "a number"}


def check_architecture(key: str, architecture: str, options: Mapping[str, object]) -> None:
    """Check a network that is trained.

    Raises InputError for an unknown architecture or option, and for an option of another type.
    """
    if known.builds(architecture, options):
        return
    from pipeline_lib.networks.registry import ARCHITECTURES

    if architecture not in ARCHITECTURES:
        hint = nearest(architecture, list(ARCHITECTURES))
        raise InputError(
            f"{key}.architecture: '{architecture}' is not one of {', '.join(ARCHITECTURES)}{hint}"
        )
    parameters = inspect.signature(ARCHITECTURES[architecture]).parameters
    _, *names = parameters  # after the classes
    for option, value in options.items():
        if option not in names:
            hint = nearest(option, names)
            raise InputError(
                f"{key}.options: {architecture} has no option '{option}', only "
                f"{', '.join(names)}{hint}"
            )
        kind = parameters[option].annotation
        if not known.is_of(kind, value):
            raise InputError(f"{key}.options.{option}: {value!r} must be {_WORDS[kind]}")


def _is_published(name: str, library: str) -> bool:
    if library == "timm":
        import timm

        published = timm.get_pretrained_cfg(name, allow_unregistered=False)
        return published is not None and published.has_weights
    import torchvision

    return hasattr(torchvision.models.get_model_weights(name), "DEFAULT")
