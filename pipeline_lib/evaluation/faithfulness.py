"""How faithful a map is to its network: what the class's score does as pixels go and come by the map.

Of one image, all measures by the softmax score of one class:

- deletion (Petsiuk et al., "RISE", 2018): pixels are replaced by the mean colour, those first where the
  map is highest. The area under the curve of the score over the fraction of replaced pixels: lower is
  better.
- insertion (the same): pixels of the image are put into a blurred one in that order. Higher is better.
- average drop (Chattopadhay et al., "Grad-CAM++", 2018): the image is multiplied by the map, scaled to
  0 to 1. By which fraction of itself the score falls, 0 where it rises: lower is better.
- increase in confidence (the same): 1 where the score rises. Higher is better.

The measures depend on what stands in place of removed pixels: networks have seen neither mean colours
nor blurred images.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from pipeline_lib.common.batches import Batches
from pipeline_lib.evaluation.interval import ratio_interval

DELETION, INSERTION, DROP, INCREASE = MEASURES = (
    *("deletion", "insertion", "average drop", "increase in confidence"),
)
FAITHFULNESS_COLUMNS = (
    *("row", "method", "crops", "interpolation", "steps", "metric", "value", "low", "high", "n"),
)
# Petsiuk et al. blur images of 224 pixels by a Gaussian of sigma 5, cut off to 11 pixels.
_SIDE, _KERNEL, _SIGMA = 224, 11, 5.0

Score = Callable[[torch.Tensor], torch.Tensor]  # (n, C, H, W) inputs to (n,) scores of the class


def faithfulness(
    score: Score, image: torch.Tensor, heat: torch.Tensor, *, steps: int, batches: Batches
) -> dict[str, float]:
    """Return the MEASURES of a map, each in [0, 1], by name.

    ``image`` is (C, H, W), normalised, so that the mean colour is zero; ``heat`` is the (H, W) map. In
    each of the ``steps`` equally many pixels change. All that the network sees of the image goes
    through it in a few batches.
    """
    counts = step_counts(heat.numel(), steps).to(heat.device)
    ranks, masked = pixel_ranks(heat), image * scaled(heat)
    starts = torch.stack([image, blurred(image), masked])
    ends = torch.stack([torch.zeros_like(image), image, masked])
    curve = torch.arange(3).repeat_interleave(torch.tensor([steps + 1, steps + 1, 1]))
    changed = torch.cat([counts, counts, counts[:1]])

    def work(part: slice) -> torch.Tensor:
        inputs = replaced(starts[curve[part]], ends[curve[part]], ranks, changed[part])
        return score(inputs).double().cpu()

    scores = torch.cat(list(batches.run(work, len(curve))))
    deletion, insertion, (on_map,) = scores.split([steps + 1, steps + 1, 1])
    whole, on_map = float(deletion[0]), float(on_map)
    fractions = counts.cpu() / heat.numel()
    return {
        DELETION: float(torch.trapezoid(deletion, fractions)),
        INSERTION: float(torch.trapezoid(insertion, fractions)),
        DROP: max(0.0, whole - on_map) / whole if whole > 0 else 0.0,
        INCREASE: float(on_map > whole),
    }


def pixel_ranks(heat: torch.Tensor) -> torch.Tensor:
    """Return each pixel's rank in an (H, W) map, int64, 0 for the highest; ties in reading order."""
    order = heat.flatten().argsort(descending=True, stable=True)
    ranks = torch.empty_like(order)
    ranks[order] = torch.arange(len(order), device=order.device)
    return ranks.view_as(heat)


def step_counts(pixels: int, steps: int) -> torch.Tensor:
    """Return how many pixels have changed before the first and after each step, (steps + 1,) int64."""
    return torch.linspace(0, pixels, steps + 1, dtype=torch.float64).round().long()


def replaced(
    starts: torch.Tensor, ends: torch.Tensor, ranks: torch.Tensor, counts: torch.Tensor
) -> torch.Tensor:
    """Return (n, C, H, W) ``starts`` whose first ``counts`` (n,) pixels are those of ``ends``.

    ``ranks`` (H, W) says which pixels come first.
    """
    return torch.where((ranks < counts[:, None, None])[:, None], ends, starts)


def scaled(heat: torch.Tensor) -> torch.Tensor:
    """Return a map from its minimum and maximum to 0 and 1; zeros if it is constant."""
    low, high = heat.min(), heat.max()
    return (heat - low) / (high - low) if high > low else torch.zeros_like(heat)


def blurred(image: torch.Tensor) -> torch.Tensor:
    """Return a (C, H, W) image blurred as by Petsiuk et al., in proportion to its longer side.

    Beyond the edges it is zero, the mean colour, as in their code.
    """
    scale = max(image.shape[1:]) / _SIDE
    reach = max(1, round(_KERNEL * scale / 2 - 0.5))
    places = torch.arange(-reach, reach + 1, device=image.device, dtype=image.dtype)
    weights = torch.exp(-0.5 * (places / (_SIGMA * scale)) ** 2)
    weights = weights / weights.sum()
    rows = functional.conv2d(image[:, None], weights.view(1, 1, -1, 1), padding=(reach, 0))
    return functional.conv2d(rows, weights.view(1, 1, 1, -1), padding=(0, reach))[:, 0]


def softmax_score(network: torch.nn.Module, label: int) -> Score:
    """Return the function from (n, C, H, W) inputs to the softmax scores of class ``label``, (n,)."""
    return partial(_softmax_score, network, label)


@torch.inference_mode()
def _softmax_score(network: torch.nn.Module, label: int, inputs: torch.Tensor) -> torch.Tensor:
    return network(inputs).softmax(1)[:, label]


def summarise_faithfulness(images: pd.DataFrame, **key: object) -> pd.DataFrame:
    """Return means in percent with 95 % bootstrap intervals over images, FAITHFULNESS_COLUMNS.

    ``images`` has the MEASURES of each image as columns, at least one row; ``key`` are row, method,
    crops, interpolation and steps.
    """
    rows = []
    for metric in MEASURES:
        values = np.asarray(images[metric], float)
        value, low, high = (100 * each for each in ratio_interval(values))
        numbers = {"metric": metric, "value": value, "low": low, "high": high, "n": len(values)}
        rows.append(key | numbers)
    return pd.DataFrame(rows, columns=list(FAITHFULNESS_COLUMNS))
