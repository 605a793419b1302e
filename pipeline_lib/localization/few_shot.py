"""The few-shot baseline: what a few boxes give to a model that is fitted to them.

Choe et al. 2020 ("Evaluating Weakly Supervised Object Localization Methods Right", section 5.5) fit a
network to the boxes that thresholds are chosen on, and find that no map of theirs reaches it. Here a
logistic regression tells the places of the last maps inside of boxes from those outside. Its weights
take the place of a class's in Eq. 2: the same maps, weighted by what boxes say instead of labels.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pipeline_lib.common.images import Picture
from pipeline_lib.data.loader import WarpedImages, image_batches, normalised
from pipeline_lib.networks.card import Preprocessing
from pipeline_lib.networks.class_maps import ClassMapNetwork

PLACES = 20  # of an image, half of them inside of its boxes where there are as many
_ITERATIONS = 1000


def places_inside(shape: tuple[int, int], boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return which places of (h, w) maps have their centre in a box, (h, w) bool.

    ``boxes`` are (m, 4), half-open, in pixels of the image of ``width`` x ``height``.
    """
    h, w = shape
    x, y = (np.arange(w) + 0.5) * width / w, (np.arange(h) + 0.5) * height / h
    inside = np.zeros(shape, bool)
    for x0, y0, x1, y1 in boxes:
        inside |= ((x0 <= x) & (x < x1))[None] & ((y0 <= y) & (y < y1))[:, None]
    return inside


def sampled_places(
    network: ClassMapNetwork,
    preprocessing: Preprocessing,
    pictures: Sequence[Picture],
    boxes_of: Sequence[np.ndarray],
    sizes: np.ndarray,
    *,
    batch: int,
    workers: int,
    device: torch.device,
    seed: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield, image by image, places of its maps (m, channels), and which are inside of its boxes (m,).

    ``boxes_of`` and ``sizes`` (n, 2), width and height, are those of the images. PLACES are drawn at
    random from both kinds.
    """
    rng, done = np.random.default_rng(seed), 0
    network.to(device, memory_format=torch.channels_last)
    images = WarpedImages(pictures, preprocessing.size)
    for pixels in image_batches(images, batch, workers):
        inputs = normalised(pixels, preprocessing.mean, preprocessing.std, device)
        with torch.inference_mode():
            maps = network(inputs)[0].float().cpu().numpy()
        for each in maps:
            inside = places_inside(each.shape[1:], boxes_of[done], *sizes[done]).ravel()
            chosen = np.concatenate([
                rng.permutation(np.flatnonzero(kind))[: PLACES // 2] for kind in (inside, ~inside)
            ])  # fmt: skip
            yield each.reshape(len(each), -1)[:, chosen].T, inside[chosen]
            done += 1


def fit_places(places: np.ndarray, is_inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights (1, channels) and bias (1,) float32 of a logistic regression.

    ``places`` are (n, channels), ``is_inside`` (n,) bool. Channels are scaled to unit variance for the
    fit; the weights are those of the channels as they are.
    """
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=_ITERATIONS))
    model.fit(places, is_inside)
    scaler, regression = model[0], model[1]
    weights = regression.coef_ / scaler.scale_
    bias = regression.intercept_ - (weights @ scaler.mean_)
    return weights.astype(np.float32), bias.astype(np.float32)
