"""The path of every artefact of a study. The workflow's rules, the catalogue and `status` all use it."""

from dataclasses import dataclass
from typing import NamedTuple


class Maps(NamedTuple):
    """The maps of an image set: what they come from, over which crops, by which network.

    ``source`` is ``network`` (class maps or Grad-CAM of the network's own classes), ``svm`` (class
    maps with the weights of a linear SVM), ``clip`` (maps of phrases), ``few-shot`` (of a model fitted
    to boxes) or a map method by its name, as ``backprop``;
    ``crops`` is ``one-crop`` (the whole image) or ``ten-crop``.
    """

    image_set: str
    source: str
    crops: str
    network: str


NETWORK, SVM, BACKPROP, CLIP = "network", "svm", "backprop", "clip"
ONE_CROP, TEN_CROP = "one-crop", "ten-crop"
VAL = "ilsvrc-val"
GAUSSIAN = "centred-gaussian"  # the baseline without a network, in place of one's name
MAPS = Maps("{image_set}", "{map_source}", "{crops}", "{network}")  # as wildcards
VAL_MAPS = MAPS._replace(image_set=VAL)


@dataclass(frozen=True)
class Paths:
    """Paths as text, relative like ``results``. An argument may be one of Snakemake's wildcards.

    ``results`` is the study's folder of results.
    """

    results: str

    @property
    def scratch(self) -> str:
        """The folder, or the link to one, of what can be made again and must outlive a failed job.

        Checkpoints, packed images, features and boxes that are half made.
        """
        return f"{self.results}/scratch"

    def log(self, job: str) -> str:
        """The log of a job."""
        return f"{self.results}/logs/{job}.log"

    def benchmark(self, job: str) -> str:
        """Snakemake's own measurements of a job."""
        return f"{self.results}/benchmarks/{job}.tsv"

    def manifest(self, image_set: str, table: str = "images") -> str:
        """A table of an image set's manifest: images, boxes, masks, classes, splits, annotations."""
        return f"{self.results}/data/{image_set}/{table}.csv"

    def summary(self, image_set: str) -> str:
        """What was found of an image set, for notes."""
        return f"{self.results}/data/{image_set}/summary.json"

    def weights(self, network: str) -> str:
        """A network's weights."""
        return f"{self.results}/networks/{network}.safetensors"

    def card(self, network: str) -> str:
        """What a network is and how it was made."""
        return f"{self.results}/networks/{network}.json"

    def start_weights(self, start: str) -> str:
        """The weights that networks are fine-tuned from; ``start`` is a ``start_name``."""
        return f"{self.results}/networks/start/{start}.safetensors"

    def history(self, network: str) -> str:
        """The folder of a training's curves."""
        return f"{self.results}/history/{network}"

    def checkpoints(self, network: str) -> str:
        """The folder of a training's checkpoints."""
        return f"{self.scratch}/checkpoints/{network}"

    @property
    def packed(self) -> str:
        """The folder of the packed training images."""
        return f"{self.scratch}/packed/ilsvrc-train"

    def predictions(self, maps: Maps) -> str:
        """Top classes and their maps at mapping resolution."""
        image_set, source, crops, network = maps
        return f"{self.results}/predictions/{image_set}/{source}/{crops}/{network}.h5"

    def boxes(self, maps: Maps, box_method: str) -> str:
        """Boxes that a box method makes from maps."""
        image_set, source, crops, network = maps
        return f"{self.results}/boxes/{image_set}/{source}/{crops}/{box_method}/{network}.csv"

    def partial_boxes(self, maps: Maps, box_method: str) -> str:
        """The folder of boxes that are half made."""
        image_set, source, crops, network = maps
        return f"{self.scratch}/boxes/{image_set}/{source}/{crops}/{box_method}/{network}.part"

    def scores(self, maps: Maps, box_method: str) -> str:
        """Errors of those boxes; the box method "sweep" stands for the threshold sweep."""
        _, source, crops, network = maps
        return f"{self.results}/scores/{source}/{crops}/{box_method}/{network}.csv"

    def map_scores(self, maps: Maps) -> str:
        """How well the maps of a method localize, for table_maps."""
        return self.scores(maps, "maps")

    def svm_map_scores(self, image_set: str, network: str) -> str:
        """The same of maps with the weights of the set's linear SVMs; or of a GAUSSIAN."""
        return f"{self.results}/svm/{image_set}/maps/{network}.csv"

    @property
    def gaussian_scores(self) -> str:
        """The same of a centred Gaussian, on the images of ILSVRC."""
        return f"{self.results}/scores/centred-gaussian.csv"

    @property
    def centred_scores(self) -> str:
        """Error of the centred box."""
        return f"{self.results}/scores/centred-box.csv"

    def outcomes(self, scores: str) -> str:
        """The outcome of every image, from which a file of scores was computed; it lies beside it."""
        return scores.removesuffix(".csv") + ".images.csv"

    def curve(self, maps: Maps) -> str:
        """Errors at every threshold."""
        _, source, crops, network = maps
        return f"{self.results}/sweeps/{source}/{crops}/{network}.csv"

    def randomized(self, network: str) -> str:
        """How alike a network's maps stay while its layers are randomized."""
        return f"{self.results}/checks/randomized/{network}.csv"

    def faithfulness(self, maps: Maps) -> str:
        """How faithful maps are to the network's scores."""
        _, source, crops, network = maps
        return f"{self.results}/checks/faithfulness/{source}/{crops}/{network}.csv"

    def submission(self, name: str) -> str:
        """A file for a challenge's server."""
        return f"{self.results}/submission/{name}"

    def features(self, image_set: str, crop: str, network: str) -> str:
        """What a network's last layer reads; ``crop`` is whole, cam or box."""
        return f"{self.results}/features/{image_set}/{crop}/{network}.h5"

    def partial_features(self, image_set: str, crop: str, network: str) -> str:
        """The folder of features that are half extracted."""
        return f"{self.scratch}/features/{image_set}/{crop}/{network}.part"

    def svm(self, image_set: str, crop: str, network: str, suffix: str = "npz") -> str:
        """A linear classifier; ``suffix`` csv: its scores, decisions.csv, json."""
        return f"{self.results}/svm/{image_set}/{crop}/{network}.{suffix}"

    @property
    def bird_boxes(self) -> str:
        """How often the boxes of birds are right, beside chance, for Table 4."""
        return f"{self.results}/svm/cub/boxes.csv"

    def discovery(self, name: str) -> str:
        """A table of what Figures 9 to 13 measure."""
        return f"{self.results}/discovery/{name}.csv"

    def units(self, image_set: str, network: str) -> str:
        """The units of a network's classes, with their top images and receptive fields."""
        return f"{self.results}/units/{image_set}/{network}.h5"

    def table(self, name: str, suffix: str = "csv") -> str:
        """A table: csv, md, html, or json, what the page shows of it."""
        return f"{self.results}/tables/{name}.{suffix}"

    def sources(self, table: str) -> str:
        """Where each number of a table comes from."""
        return f"{self.results}/sources/{table}.csv"

    def figure(self, name: str, suffix: str = "png") -> str:
        """A figure: png, pdf, or json, which says what it shows."""
        return f"{self.results}/figures/{name}.{suffix}"

    @property
    def claims(self) -> str:
        """The paper's claims, judged."""
        return f"{self.results}/claims.csv"

    @property
    def report(self) -> str:
        """The page."""
        return f"{self.results}/report/index.html"

    def browsed(self, section: str) -> str:
        """What a section of the page shows: explorer, errors, units, units-places205, concepts."""
        return f"{self.results}/report/{section}.json"

    def errors(self, network: str) -> str:
        """Why each image is wrong, a row an image."""
        return f"{self.results}/errors/{network}.csv"


def start_name(start: str) -> str:
    """Return the name of a network's ``start`` in paths: released:VGGnet is released-VGGnet."""
    return start.replace(":", "-")
