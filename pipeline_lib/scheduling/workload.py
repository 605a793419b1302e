"""How much work a job has, in the units of ``rates.yaml``, counted from the study."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from pipeline_lib.data.downloads import downloads
from pipeline_lib.data.transfer.sets import transfer_sets
from pipeline_lib.study.image_sets import PICKED, experiments
from pipeline_lib.study.networks import training_of
from pipeline_lib.study.paths import TEN_CROP
from pipeline_lib.study.released import released_networks
from pipeline_lib.study.study import Study

WARPED = 256 / 224  # ten crops are cut from an image that is larger than one crop by this factor


class Workload:
    """Counts what the jobs of a study work on.

    ``rates`` is the content of ``rates.yaml``, ``gpu_type`` the site's name of its GPUs.
    ``measured`` holds, by kind of job, how many times as long as by these rates it took when it
    last ran. ``manifests`` is the folder of manifests by image set: images are counted in a
    manifest if there is one. Otherwise their number is that of the synthetic world, or of the whole
    official set. ``assumptions`` collects sentences about networks that ``rates.yaml`` does not
    list.
    """

    def __init__(
        self,
        study: Study,
        rates: dict,
        manifests: Path | None = None,
        gpu_type: str = "",
        measured: Mapping[str, float] | None = None,
    ) -> None:
        self.study, self.rates, self.manifests = study, rates, manifests
        self.gpu_type, self.measured = gpu_type, measured or {}
        self.assumptions: set[str] = set()
        self._image_counts: dict[str, int] = {}

    def quantities(self, job: dict, image_sets: list[str]) -> dict[str, float]:
        """Return the number of each unit in a job, 0 for a unit that it does not have.

        ``job`` is a record of `scheduling.graph`; ``image_sets`` are those it works on if its
        wildcards name none.
        """
        wildcards = job["wildcards"]
        if "image_set" in wildcards:
            image_sets = [wildcards["image_set"]]
        elif "units" in wildcards:
            image_sets = [self.study.unit_sets[wildcards["units"]][0]]
        amounts = defaultdict(float, job=1, image=sum(map(self.images, image_sets)))
        amounts["megapixel"] = amounts["image"] * self._sizes["megapixels"]
        if self.study.configuration.images.unreadable == "skip":
            amounts["tried megapixel"] = amounts["megapixel"]
        if "network" not in wildcards:
            return amounts
        name = wildcards["network"]
        network = self.network(name)
        crops = 10 if wildcards.get("crops") == TEN_CROP else 1
        side = network["side"] * (WARPED if crops > 1 else 1)
        forward_passes = crops * amounts["image"]
        if job["rule"] == "train":
            amounts["sample"] = forward_passes = self._epochs(name) * amounts["image"]
        amounts["crop"] = crops * amounts["image"]
        amounts["input pixel"] = round(side) ** 2 * amounts["image"]
        amounts["parameter"] = network["parameters"]
        amounts["cell"] = network["map"] ** 2 * amounts["crop"]
        amounts["feature"] = network["features"] * amounts["image"]
        amounts["GFLOP"] = network["gflop"] * forward_passes
        if job["rule"] == "fit":
            amounts["solve"], size = self._solves(*image_sets)
            amounts["term"] = amounts["solve"] * size * network["features"]
        return amounts

    def selector(self, job: dict, key: str) -> str:
        """Return the value that chooses a job's line of the rates: a wildcard, or ``chapter``."""
        wildcards = job["wildcards"]
        if key == "chapter":
            return self.study.image_sets[wildcards["image_set"]].chapter
        return wildcards[key]

    def images(self, image_set: str) -> int:
        """Return the number of images of a set."""
        if image_set not in self._image_counts:
            self._image_counts[image_set] = self._count(image_set)
        return self._image_counts[image_set]

    def network(self, name: str) -> dict:
        """Return the line of ``rates.yaml`` that describes a network of the study."""
        network = self.study.networks[name]
        if network.source == "released":
            entry = released_networks()[name]
            architecture, options = entry["architecture"], entry.get("options", {})
        else:
            architecture = network.config.architecture or network.library_name
            options = network.config.options
        lines = [line for line in self.rates["networks"] if line["network"] == architecture]
        for line in lines:
            if line.get("width", 1) == options.get("width", 1):
                return line
        if lines:
            self.assumptions.add(f"{name} is counted at full width, as {architecture}")
            return lines[0]
        self.assumptions.add(f"{name} is not in rates.yaml and counted as ResNet-50")
        return next(line for line in self.rates["networks"] if line["network"] == "other")

    @property
    def device(self) -> str:
        """What networks run on: gpu or cpu."""
        return "gpu" if self.study.configuration.gpu else "cpu"

    @cached_property
    def speed(self) -> dict:
        """The line of ``speed`` in ``rates.yaml`` for what networks run on."""
        speeds = self.rates["speed"]
        if self.device == "cpu":
            return speeds["cpu"]
        known = [name for name in speeds if name != "cpu" and name in self.gpu_type.lower()]
        if self.gpu_type and not known:
            self.assumptions.add(f"{self.gpu_type} is not in rates.yaml and counted as an A100")
        return speeds[known[0] if known else "a100"]

    def speeds(self, job: dict) -> tuple[float, float]:
        """Return the GFLOP per second of a job's network, at worst and at best."""
        configuration = self.study.configuration
        if job["rule"] == "train":
            network = self.study.networks[job["wildcards"]["network"]]
            precision = training_of(configuration, network).precision
        else:
            is_features = job["rule"] == "features"
            section = configuration.transfer if is_features else configuration.prediction
            precision = section.precision
        best = self.speed.get(precision, self.speed["float32"])
        return best * self.speed.get("least", 1), best

    @property
    def training_devices(self) -> int:
        """The number of GPUs that a training runs on."""
        training = self.study.configuration.training
        return training.processes * training.nodes

    @cached_property
    def _sizes(self) -> dict:
        return self.rates["sets"]["synthetic" if self.study.is_synthetic else "real"]

    def _count(self, image_set: str) -> int:
        if self.manifests is not None:
            path = self.manifests / image_set / "images.csv"
            if path.exists():
                with open(path, encoding="utf-8") as file:
                    return sum(1 for _ in file) - 1
        world = self.study.configuration.world
        if world and image_set.startswith("ilsvrc-"):
            return getattr(world, f"{image_set.removeprefix('ilsvrc-')}_images")
        sizes = self.rates["sets"]["any"] | self._sizes
        for key in [image_set, "picked"] if image_set.endswith(PICKED) else [image_set]:
            if "images" in sizes.get(key, {}):
                return sizes[key]["images"]
        experiment = experiments().get(image_set)
        keys = experiment["sets"] if experiment else [image_set.replace("-", "_")]
        archives = [archive for key in keys for archive in downloads()[key].archives]
        return sum(archive.file_count or 0 for archive in archives if not archive.optional)

    def _epochs(self, name: str) -> float:
        return training_of(self.study.configuration, self.study.networks[name]).epochs

    def _solves(self, image_set: str) -> tuple[int, int]:
        """Return how many SVM problems are solved on a set, and the examples x classes of each.

        For each split, with raw and with normalised features: every C on every fold (if the search
        does not stop early), then the best C on all training examples.
        """
        transfer = self.study.configuration.transfer
        per_split = 2 * (len(transfer.costs) * transfer.folds + 1)
        sizes = self._sizes.get(image_set, {})
        if "classes" not in sizes:  # of section 4.2: one class, one split
            return per_split, self.images(image_set)
        paper = next((p for p in transfer_sets().values() if p.layout == image_set), None)
        if paper is None:  # OpenImages30k: one split
            return per_split, sizes["examples"] * sizes["classes"]
        splits = paper.splits
        examples = sizes["examples"]
        if paper.random_splits and paper.metric == "accuracy":
            splits = transfer.splits or splits
            examples = (transfer.train or paper.train) * sizes["classes"]
        return splits * per_split, examples * sizes["classes"]
