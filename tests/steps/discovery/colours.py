"""A stand-in for CLIP that sees colours: a phrase is the channel that shows it."""

import torch

from pipeline_lib.networks.card import Preprocessing

COLOURS = {"red barn": 0, "pond": 2, "nowhere": 1, "text": 0}


class Colours(torch.nn.Module):
    """The mean colour of an image, and of its four quarters."""

    def visual(self, images):
        return images.mean((2, 3))

    def forward(self, images):
        return torch.nn.functional.adaptive_avg_pool2d(images, 2), self.visual(images)


class Clip:
    """What ``networks.clip.Clip`` offers."""

    def __init__(self, name, weights_folder):
        self.name, self.weights, self.images = name, "w", Colours()
        self.preprocessing = Preprocessing((8, 12), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

    def embed(self, phrases):
        return torch.eye(3)[[COLOURS[phrase] for phrase in phrases]]
