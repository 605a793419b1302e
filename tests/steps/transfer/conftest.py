"""A network, photographs, and the step run on them."""

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline_lib.data.manifest import BOX_COLUMNS, IMAGE_COLUMNS, write_rows
from pipeline_lib.networks.artefact import save_network
from pipeline_lib.networks.card import NetworkCard, Preprocessing
from pipeline_lib.networks.registry import build
from pipeline_lib.steps.transfer import extract

PREPROCESSING = Preprocessing((48, 64), (0.5, 0.4, 0.3), (0.25, 0.2, 0.3))
COUNT = 23


class Extraction:
    """A folder with a network, a manifest and its images; ``run`` runs the step on them."""

    def __init__(self, folder):
        self.folder, self.root = folder, folder / "images"
        self.out, self.partial = folder / "net.h5", folder / "net.part"
        self.images, self.boxes = folder / "images.csv", folder / "boxes.csv"
        self.network = folder / "net.safetensors"
        self.root.mkdir()
        rng = np.random.default_rng(0)
        rows, boxes = [], []
        for index in range(COUNT):
            width, height = (int(side) for side in rng.integers(20, 60, 2))
            coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(coarse).resize((width, height)).save(self.root / f"{index}.png")
            rows.append((f"i{index}", f"{index}.png", "n1", width, height, False))
            boxes.append((f"i{index}", "n1", 3, 2.5, width - 5.5, height + 4))
        write_rows(self.images, IMAGE_COLUMNS, rows)
        write_rows(self.boxes, BOX_COLUMNS, boxes[::-1])  # in another order than the images
        self.save_network(0)

    def save_network(self, seed):
        torch.manual_seed(seed)
        options = {"width": 0.0625, "half_input": True, "batch_norm": True}
        self.classifier = build("alexnet_gap", 5, options).eval()
        labels = ["n1", "n2", "n3", "n4", "n5"]
        card = NetworkCard("net", "trained", "alexnet_gap", options, labels, PREPROCESSING)
        save_network(self.network, card, self.classifier.state_dict())

    def flags(self, *more, **changed):
        given = {"network": self.network, "images": self.images, "root": self.root}
        given |= {"out": self.out, "partial": self.partial, "batch": 4, "block": 8, "threads": 1}
        return [f"--{key}={value}" for key, value in (given | changed).items()] + list(more)

    def run(self, *more, **changed):
        return extract.main(self.flags(*more, **changed))

    def expected(self, box=None):
        """The features by hand: PIL, NumPy and the network's own layers, one image at a time."""
        height, width = PREPROCESSING.size
        network, features = self.classifier, []
        for index in range(COUNT):
            with Image.open(self.root / f"{index}.png") as image:
                crop = image if box is None else image.crop(box(image))
                pixels = np.asarray(crop.resize((width, height), Image.Resampling.BICUBIC))
            scaled = (pixels / 255 - PREPROCESSING.mean) / PREPROCESSING.std
            batch = torch.from_numpy(scaled.transpose(2, 0, 1)[None]).float()
            with torch.inference_mode():
                features.append(network.head.conv(network.trunk(batch)).mean((2, 3)).numpy())
        return np.concatenate(features)


@pytest.fixture
def extraction(tmp_path):
    """A fresh one, to be changed."""
    return Extraction(tmp_path)
