"""Speed of ``explain`` on a folder of images, against the network's forward pass alone on the same.

Explaining decodes each file, runs the network, makes five maps and their boxes, and writes nothing. The
forward pass reads warped images from memory, in the batch size that is fastest here. Both run in turn,
``--repeats`` times; the ratio is the median of paired runs, 1 where all else costs nothing.

    python benchmarks/explain.py FOLDER --weights-folder DIR
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from pipeline_lib.common.images import SHOWN, open_rgb, warp
from pipeline_lib.data.loader import normalised
from pipeline_lib.data.photographs import photographs_of
from pipeline_lib.localization.explainers import Explainer, network_explainer
from pipeline_lib.localization.extraction import BoxExtraction
from pipeline_lib.localization.photographs import PANEL, Photographs, explain_photographs
from pipeline_lib.networks.adoption import adopt

BATCHES = (1, 2, 4, 8, 16, 32)


def explain(explainer: Explainer, files: list[Path], batch: int) -> float:
    """Return the seconds that explaining the files takes."""
    began = time.perf_counter()
    photographs = Photographs(files, explainer.preprocessing.size, 8, PANEL)
    boxes = BoxExtraction("paper", 0.2, "bilinear")
    done = sum(
        1
        for _ in explain_photographs(
            explainer, photographs, top=5, chosen=(), crops=1, boxes=boxes, batch=batch, workers=1
        )
    )
    assert done == len(files)
    return time.perf_counter() - began


def forward(explainer: Explainer, pixels: torch.Tensor, batch: int) -> float:
    """Return the seconds that the network alone takes for (n, h, w, 3) uint8 images."""
    began = time.perf_counter()
    preprocessing, cpu = explainer.preprocessing, torch.device("cpu")
    with torch.inference_mode():
        for part in pixels.split(batch):
            explainer.network.classifier(
                normalised(part, preprocessing.mean, preprocessing.std, cpu)
            )
    return time.perf_counter() - began


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--network", default="tf_efficientnet_lite0")
    parser.add_argument("--weights-folder", type=Path)
    parser.add_argument("--batch", type=int, default=32, help="of explain")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--images", type=int, default=650, help="the first ones of the folder")
    arguments = parser.parse_args()
    explainer = network_explainer(*adopt(arguments.network, None, arguments.weights_folder))
    explainer.network.to(memory_format=torch.channels_last)
    files = photographs_of(arguments.folder)[: arguments.images]
    height, width = explainer.preprocessing.size
    pixels = torch.from_numpy(np.stack([warp(open_rgb(f, SHOWN), width, height) for f in files]))
    forward(explainer, pixels[:32], 32)
    few = pixels[:32]
    best = min(BATCHES, key=lambda batch: forward(explainer, few, batch))
    pairs = [
        (explain(explainer, files, arguments.batch), forward(explainer, pixels, best))
        for _ in range(arguments.repeats)
    ]
    ratios = [alone / explained for explained, alone in pairs]
    print(
        json.dumps(
            {
                "network": arguments.network,
                "images": len(files),
                "explain, images/s": round(len(files) / statistics.median(p[0] for p in pairs), 1),
                "forward alone, images/s": round(
                    len(files) / statistics.median(p[1] for p in pairs), 1
                ),
                "its batch": best,
                "ratio": round(statistics.median(ratios), 3),
                "ratios": [round(ratio, 3) for ratio in ratios],
                "threads": torch.get_num_threads(),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
