"""What exists for certain, told without PyTorch and the libraries, which take seconds to import.

The networks of ``workflow/studies``: with these alone a plan is made without them. The tests compare the
lists with the functions of ``registry.py`` and with the libraries. A network that is missing here is
looked up there.
"""

from collections.abc import Mapping

_OPTIONS = {"width": float, "half_input": bool, "dropout": float}
_WITH_NORM = _OPTIONS | {"batch_norm": bool}

ARCHITECTURES: dict[str, dict[str, type]] = {  # by name: options, each with the type of its values
    "alexnet": _WITH_NORM,
    "alexnet_gap": _WITH_NORM,
    "alexnetplus_gap": _WITH_NORM,
    "vgg16": _WITH_NORM,
    "vgg16_gap": _WITH_NORM,
    "googlenet": _OPTIONS,
    "googlenet_gap": _OPTIONS,
    "googlenet_gmp": _OPTIONS,
    "nin": _WITH_NORM,
}

# (name, library) of networks with published weights for ImageNet's classes; None: the first that has it.
PUBLISHED: set[tuple[str, str | None]] = {
    ("alexnet", "torchvision"),
    ("googlenet", "torchvision"),
    ("vgg16", "torchvision"),
    ("squeezenet1_0", None),
    ("tf_efficientnet_lite0", None),
}


def builds(architecture: str, options: Mapping[str, object]) -> bool:
    """Tell whether an architecture is known to be there and to take these options."""
    types = ARCHITECTURES.get(architecture)
    if types is None:
        return False
    return all(name in types and is_of(types[name], value) for name, value in options.items())


def is_published(name: str, library: str | None) -> bool:
    """Tell whether a network of a library is known to have published weights for ImageNet."""
    return (name, library) in PUBLISHED


def is_of(kind: type, value: object) -> bool:
    """Tell whether the value of an option is of this type; a whole number is a number too."""
    return type(value) in ((int, float) if kind is float else (kind,))
