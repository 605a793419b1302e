"""Maps of phrases by CLIP: a phrase's embedding takes the place of a class's weights."""

from collections.abc import Sequence

from pipeline_lib.common.files import fingerprint
from pipeline_lib.localization.explainers import Explainer
from pipeline_lib.networks.clip import TEMPLATE, Clip, PhraseMaps


def phrase_explainer(clip: Clip, phrases: Sequence[str]) -> Explainer:
    """Return an explainer whose classes are ``phrases``; its scores are cosines."""
    return Explainer(
        network=PhraseMaps(clip.images, clip.embed(phrases)),
        method="cam",
        name=f"CLIP {clip.name}",
        class_labels=list(phrases),
        preprocessing=clip.preprocessing,
        fingerprint=fingerprint(clip.name, clip.weights, TEMPLATE, list(phrases)),
        softmax=False,
    )
