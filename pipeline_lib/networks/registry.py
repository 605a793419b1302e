"""The paper's networks by name: small functions from a number of classes to a classifier.

To add one, write such a function and name it here; the tests run over all of them.
"""

from collections.abc import Callable

from torch import nn

from pipeline_lib.common.errors import InputError
from pipeline_lib.networks.googlenet import googlenet, googlenet_gap, googlenet_gmp
from pipeline_lib.networks.nin import nin

ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {
    "googlenet": googlenet,
    "googlenet_gap": googlenet_gap,
    "googlenet_gmp": googlenet_gmp,
    "nin": nin,
}


def build(architecture: str, classes: int, options: dict[str, object]) -> nn.Module:
    """Build a classifier; raises InputError for an unknown architecture or option."""
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise InputError(f"unknown architecture '{architecture}'; there are {known}")
    try:
        return ARCHITECTURES[architecture](classes, **options)
    except TypeError as error:
        raise InputError(f"architecture {architecture}: {error}") from None
