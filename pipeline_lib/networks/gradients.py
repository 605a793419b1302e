"""Gradients of class scores by the pixels: the paper's baseline, and two methods that refine it.

Like ``ClassMapNetwork``, each class here has a method ``explain``: it runs images and returns their
logits and a function that computes the maps of any classes, once: the graph is freed meanwhile.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import nn

# Logits (N, classes), and the function from (N, k) int64 classes to their maps, (N, k, ...).
Explanation = tuple[torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]

SAMPLES, NOISE = 25, 0.15  # of the authors' SmoothGrad (github.com/PAIR-code/saliency)
STEPS = 50  # of Integrated Gradients: enough for most networks by the paper (20 to 300), as captum


class Backprop(nn.Module):
    """The gradient of a class's score before the softmax, by the pixels (Simonyan et al. 2013).

    ``std`` is the input's normalisation: the gradient is divided by it, to be per pixel value.
    """

    def __init__(self, classifier: nn.Module, std: tuple[float, ...]) -> None:
        super().__init__()
        self.classifier = classifier.eval().requires_grad_(False)
        self.register_buffer("std", torch.tensor(std))

    def explain(self, images: torch.Tensor) -> Explanation:
        """(N, 3, H, W) to logits, and from (N, k) classes to (N, k, 3, H, W) gradients."""
        images = images.detach().requires_grad_()
        with torch.enable_grad():
            logits = self.classifier(images)
        std = self.std.view(3, 1, 1)
        return logits.detach(), lambda classes: gradients_of(logits, classes, images) / std


class SmoothGrad(nn.Module):
    """The mean of a gradient, with its sign, over ``samples`` noisy copies (Smilkov et al. 2017).

    The noise's standard deviation is ``noise`` times the range of the image's normalised values, as
    in the authors' code. All images get the same noise, drawn on the CPU from ``seed``: a map
    depends neither on the batch nor on the device. Gradients are per pixel value, as Backprop's.
    """

    def __init__(
        self,
        classifier: nn.Module,
        std: tuple[float, ...],
        *,
        samples: int = SAMPLES,
        noise: float = NOISE,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.classifier = classifier.eval().requires_grad_(False)
        self.register_buffer("std", torch.tensor(std))
        self.samples, self.noise, self.seed = samples, noise, seed

    def explain(self, images: torch.Tensor) -> Explanation:
        """(N, 3, H, W) to logits, and from (N, k) classes to (N, k, 3, H, W) mean gradients."""
        std = self.std.view(3, 1, 1)

        def maps_of(classes: torch.Tensor) -> torch.Tensor:
            weighted = ((copy, 1 / self.samples) for copy in self.noisy(images))
            return _sum_of_gradients(self.classifier, weighted, classes) / std

        return _logits(self.classifier, images), maps_of

    def noisy(self, images: torch.Tensor) -> Iterator[torch.Tensor]:
        """Yield the noisy copies of (N, 3, H, W) images, of the same shape and dtype."""
        generator = torch.Generator().manual_seed(self.seed)
        low, high = images.flatten(1).aminmax(dim=1)
        spread = self.noise * (high - low).view(-1, 1, 1, 1)
        for _ in range(self.samples):
            yield images + spread * torch.randn(images.shape[1:], generator=generator).to(images)


class IntegratedGradients(nn.Module):
    """What each pixel adds to a class's score (Sundararajan et al. 2017).

    The input less a baseline, times the mean gradient on the straight line between them. The baseline
    is the mean colour, which is zero after normalisation. The integral is taken by the Gauss-Legendre
    rule of ``steps`` points, as in captum. The parts of an image sum to the score less the baseline's
    (completeness). There is no division by the normalisation's std: the gradient by a pixel value is
    larger by 1 / std, the difference of pixel values smaller by std, so that their product is the same.
    """

    def __init__(self, classifier: nn.Module, *, steps: int = STEPS) -> None:
        super().__init__()
        self.classifier = classifier.eval().requires_grad_(False)
        nodes, weights = np.polynomial.legendre.leggauss(steps)  # between -1 and 1, in all 2
        self.places, self.weights = ((1 + nodes) / 2).tolist(), (weights / 2).tolist()

    def explain(self, images: torch.Tensor) -> Explanation:
        """(N, 3, H, W) to logits, and from (N, k) classes to (N, k, 3, H, W) parts of scores."""

        def maps_of(classes: torch.Tensor) -> torch.Tensor:
            between = (place * images for place in self.places)
            weighted = zip(between, self.weights, strict=True)
            return _sum_of_gradients(self.classifier, weighted, classes) * images[:, None]

        return _logits(self.classifier, images), maps_of


def gradients_of(logits: torch.Tensor, classes: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """The gradients of the scores of (N, k) ``classes`` by (N, ...) ``inputs``, as (N, k, ...).

    The last class's frees the graph layer by layer, so that this can be called only once.
    """
    scores, count = logits.gather(1, classes), classes.shape[1]
    gradients = [
        torch.autograd.grad(scores[:, rank].sum(), inputs, retain_graph=rank + 1 < count)[0]
        for rank in range(count)
    ]
    return torch.stack(gradients, dim=1)


def gradients_at_once(
    logits: torch.Tensor, classes: torch.Tensor, inputs: torch.Tensor
) -> torch.Tensor:
    """What ``gradients_of`` returns, by one pass back for all classes, with k times its memory.

    It pays where few layers follow the inputs, fully connected ones above all: they read their weights
    once. VGG16's five gradients of eight images take 0.57 s so, 1.5 s one after the other (two cores).
    """
    scores = logits.gather(1, classes)
    ranks = torch.eye(classes.shape[1], dtype=scores.dtype, device=scores.device)
    of_each = ranks[:, None].expand(-1, len(scores), -1)  # (k, N, k): of all images, class by class
    try:
        (gradients,) = torch.autograd.grad(
            scores, inputs, of_each, retain_graph=True, is_grads_batched=True
        )
    except RuntimeError:  # a layer's own backward takes no batch of gradients, or memory is short
        return gradients_of(logits, classes, inputs)
    return gradients.transpose(0, 1)


def _sum_of_gradients(
    classifier: nn.Module,
    weighted: Iterable[tuple[torch.Tensor, float]],
    classes: torch.Tensor,
) -> torch.Tensor:
    """Return the sum of the gradients at (N, 3, H, W) inputs, each by its weight, (N, k, 3, H, W).

    One input after the other goes forward and back: the memory is that of a single one.
    """

    def gradients_at(inputs: torch.Tensor) -> torch.Tensor:
        inputs = inputs.detach().requires_grad_()
        with torch.enable_grad():
            logits = classifier(inputs)
        return gradients_of(logits, classes, inputs)

    return sum(weight * gradients_at(inputs) for inputs, weight in weighted)


@torch.no_grad()
def _logits(classifier: nn.Module, images: torch.Tensor) -> torch.Tensor:
    return classifier(images)
