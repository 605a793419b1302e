"""``explain`` on a folder of JPEG files, against the lower of what decoding and the network alone allow.

Explaining decodes each file, runs the network, makes five maps and their boxes, and writes nothing.
Decoding alone reads and warps the files in one thread, the network alone runs the warped images from
memory, in the batch and memory format that are fastest here, in the other threads.
"""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch

from benchmarks.features import write_photographs
from benchmarks.harness import Measured, paired
from benchmarks.maps import TOP, explainer_of, fastest, forward
from pipeline_lib.common.images import SHOWN, Picture
from pipeline_lib.data.loader import WarpedImages, normalised
from pipeline_lib.localization.explainers import Explainer
from pipeline_lib.localization.extraction import BoxExtraction
from pipeline_lib.localization.photographs import PANEL, Photographs, explain_photographs

NETWORKS = ("googlenet", "tf_efficientnet_lite0")
BATCH = 32


def measure(repeats: int, quick: bool) -> Iterator[Measured]:
    """Yield two lines for each network: against the network alone, and against decoding alone.

    The network is the slower of the two by far, so that it is the limit.
    """
    with tempfile.TemporaryDirectory() as folder:
        names = write_photographs(Path(folder), 16 if quick else 96)
        files = [Path(folder) / name for name in names]
        for name in NETWORKS[-1:] if quick else NETWORKS:
            yield from _measured(explainer_of(name), files, repeats)


def _measured(explainer: Explainer, files: list[Path], repeats: int) -> Iterator[Measured]:
    preprocessing = explainer.preprocessing
    warped = WarpedImages([Picture(path, SHOWN) for path in files], preprocessing.size)
    pixels = torch.stack(decoded(warped))
    inputs = normalised(pixels, preprocessing.mean, preprocessing.std, torch.device("cpu"))
    classifier = explainer.network.classifier
    batch, layout = fastest(classifier, inputs[:BATCH])
    timing = partial(
        paired, f"top-5 maps and boxes from JPEG files, {explainer.name}",
        partial(explain, explainer, files), items=len(files), unit="images/s",
        repeats=repeats,
    )  # fmt: skip
    yield timing(
        lambda: forward(classifier, inputs, batch, layout),
        peer=f"its forward pass alone (batch {batch})", aim=0.9, same="the limit",
    )  # fmt: skip
    yield timing(
        partial(decoded, warped),
        peer="decoding and warping alone, one thread", aim=None, same="not the limit",
    )  # fmt: skip


def decoded(images: WarpedImages) -> list[torch.Tensor]:
    """Return all images, warped."""
    return [images[n] for n in range(len(images))]


def explain(explainer: Explainer, files: list[Path]) -> None:
    """Explain all files."""
    photographs = Photographs(files, explainer.preprocessing.size, 8, PANEL)
    boxes = BoxExtraction("paper", 0.2, "bilinear")
    for _ in explain_photographs(
        explainer, photographs, top=TOP, chosen=(), crops=1, boxes=boxes, batch=BATCH, workers=1
    ):
        pass
    assert not photographs.faults
