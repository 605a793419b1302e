"""The page: every table and figure of a study in one HTML file that needs nothing but itself."""

import base64
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from markupsafe import Markup

from pipeline_lib.common.errors import InputError
from pipeline_lib.reporting.tables.render import template

STUDIES = {
    "mini": "A synthetic world and small networks trained from scratch: it shows that the whole "
    "pipeline works and what the paper claims, not the paper's numbers.",
    "small": "Real images and ready-trained networks that are not the paper's: compare with its "
    "numbers in kind, not in value.",
    "paper": "The paper's data and networks at full size.",
}
CAPTIONS = {
    "figure3": "Figure 3. Class activation maps of four classes; over each map the class's score. "
    "The classes and images are those the network is most certain and right about.",
    "figure4": "Figure 4. Images and the class activation maps of their five most likely classes, "
    "each with its score.",
    "figure5": "Figure 5. The same images through several networks: the true class's map, over it the "
    "score the network gives the class. The images are those that most networks are right about.",
    "figure6": "Figure 6. Boxes from class activation maps and, below, from the gradient baseline: the "
    "ground truth green, the predicted box red. The class is right; the box had no say in the choice.",
    "figure7": "Figure 7. Birds of the test images: the map of the species that a linear SVM predicts "
    "on the network's features, and the box drawn from it, red; the ground truth green. The box had no "
    "say in the choice.",
    "figure8": "Figure 8. Class activation maps of linear SVMs trained on the network's features, for "
    "classes it has never seen: the SVM's weights in place of the softmax's. Over each map the decision "
    "value. The images are those that the SVM is most certain and right about.",
    "figure9": "Figure 9. What class maps of scenes highlight. A row a category: the image that its "
    "linear SVM is most certain and right about, the category's map over it, and outlined what the "
    "highlighted region overlaps there; then the things in most of the category's images, those that "
    "the region overlaps in most, and those that it overlaps more often than it would elsewhere in the "
    "same images (lift). Lines are 95 % intervals. The SVMs have seen all images, as in the paper.",
    "figure10": "Figure 10. Concepts mined from captions: the images held out that a concept's detector "
    "ranks first, with its map over them, and whether one of their captions, which it never saw, has "
    "the phrase. P@10 is the precision of the first ten, chance that of a random order.",
    "figure11": "Figure 11. Maps of a linear classifier that knew only which images have words, over "
    "test images whose word boxes it never saw (green), and how much of the maps lies in the boxes. "
    "Centred is a Gaussian in the middle, uniform a map that is the same everywhere.",
    "figure12": "Figure 12. Questions about images: the answers of a bag of words beside the network's "
    "features, with their probabilities, and the map of the first. Under the question what people "
    "answered, and what the words alone would say. Right and wrong ones are chosen by a rule.",
    "figure13": "Figure 13. Class-specific units: of each class the units with the largest weights, and "
    "the images of the set that each fires at most, cut out by its receptive field. The dashed square "
    "is what the network's geometry lets it see, as far as that lies in the image. The classes are "
    "those that the network tells best, or that the configuration names.",
    "figure13-places205": "Figure 13 on Places205: the same of scenes.",
    "thresholds": "Box thresholds. Localization top-1 error of rule paper at every part of the map's "
    "maximum; marked is the threshold that images held out choose.",
}
PACKAGES = ("torch", "torchvision", "timm", "numpy", "opencv-python-headless", "snakemake")


def render_page(study: str, tables: Sequence[Path], figures: Sequence[Path]) -> str:
    """Return the page for table fragments (.html, made by ``tabulate``) and figures (.png)."""
    return template("page.html.j2").render(
        study=study,
        introduction=STUDIES.get(study, ""),
        tables=[(path.stem, Markup(_read(path).decode("utf-8"))) for path in tables],
        figures=[
            {
                "id": path.stem,
                "caption": CAPTIONS[path.stem],
                "data": "data:image/png;base64," + base64.b64encode(_read(path)).decode(),
            }
            for path in figures
        ],
        versions=", ".join(f"{package} {version(package)}" for package in PACKAGES),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: not found") from None
