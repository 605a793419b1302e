"""How much there is for a job to do, in the units of ``rates.yaml``, counted from the configuration."""

from collections import defaultdict
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import yaml

from pipeline_lib.data.catalogue import catalogue
from pipeline_lib.data.transfer.sets import transfer_sets

EPOCHS = 8  # the recipe's default; its module would import PyTorch, which takes seconds
WARPED = 256 / 224  # ten crops are taken from an image that is larger by this


class Study:
    """Counts what the jobs of a study work on.

    ``config`` is the whole configuration, ``known`` what ``rates.yaml`` says. Where ``manifests``, a
    folder of them by image set, has one, its images are counted: those that are really there. Without,
    it is the world's, or all of the official set's. ``assumed`` says which networks are not known.
    """

    def __init__(self, config: dict, known: dict, manifests: Path | None = None) -> None:
        self.config, self.known, self.manifests = config, known, manifests
        self.assumed: set[str] = set()
        self._counted: dict[str, int] = {}

    def quantities(self, job: dict, sets: list[str]) -> dict[str, float]:
        """Return the number of each unit in a job, 0 where a unit has no meaning for it.

        ``sets`` are the image sets it works on if its wildcards name none.
        """
        wildcards = job["wildcards"]
        if "split" in wildcards:
            sets = [f"ilsvrc-{wildcards['split']}"]
        elif "set" in wildcards:
            sets = [wildcards["set"]]
        found = defaultdict(float, job=1, image=sum(map(self.images, sets)))
        found["megapixel"] = found["image"] * self._sets["megapixels"]
        if "network" not in wildcards:
            return found
        name = wildcards["network"]
        network = self.network(name)
        crops = self._crops(wildcards.get("views"))
        side = network["side"] * (WARPED if crops > 1 else 1)
        passed = crops * found["image"]
        if job["rule"] == "train":
            found["sample"] = passed = self._epochs(name) * found["image"]
        found["crop"] = crops * found["image"]
        found["input pixel"] = round(side) ** 2 * found["image"]
        found["parameter"] = network["parameters"]
        found["cell"] = network["map"] ** 2 * found["crop"]
        found["feature"] = network["features"] * found["image"]
        found["GFLOP"] = network["gflop"] * passed
        if job["rule"] == "fit":
            found["solve"], examples = self._solves(*sets)
            found["term"] = found["solve"] * examples * network["features"]
        return found

    def images(self, name: str) -> int:
        """Return the number of images of a set."""
        if name not in self._counted:
            self._counted[name] = self._count(name)
        return self._counted[name]

    def network(self, name: str) -> dict:
        """Return the line of ``rates.yaml`` that a network of the configuration is."""
        given = self.config["networks"].get(name) or {}
        is_only_shown = name not in self.config["networks"] and name in _released()
        if given.get("weights") == "released" or is_only_shown:
            given = _released()[name]
        kind = given.get("architecture") or given.get("pretrained", name)
        width = given.get("options", {}).get("width", 1)
        lines = [one for one in self.known["networks"] if one["network"] == kind]
        for one in lines:
            if one.get("width", 1) == width:
                return one
        if lines:
            self.assumed.add(f"{name} is counted at full width, as {kind}")
            return lines[0]
        self.assumed.add(f"{name} is not in rates.yaml and counted as ResNet-50")
        return next(one for one in self.known["networks"] if one["network"] == "other")

    def _count(self, name: str) -> int:
        if self.manifests is not None and (path := self.manifests / name / "images.csv").exists():
            with open(path, encoding="utf-8") as file:
                return sum(1 for _ in file) - 1
        if name.startswith("ilsvrc-") and "world" in self.config:
            return self.config["world"].get(f"{name.removeprefix('ilsvrc-')}_images", 0)
        entry = self.known["sets"]["always"] | self._sets
        for key in (name, name.rpartition("-")[2]):  # of a picked set
            if "images" in entry.get(key, {}):
                return entry[key]["images"]
        sets = _experiments().get(name, {"sets": [name.replace("-", "_")]})["sets"]
        archives = [archive for key in sets for archive in catalogue()[key].archives]
        return sum(archive.file_count or 0 for archive in archives if not archive.optional)

    @property
    def device(self) -> str:
        """What networks run on: gpu or cpu."""
        return "gpu" if self.config["gpu"] else "cpu"

    @property
    def devices(self) -> int:
        """The GPUs that a training runs on."""
        return self.config["training"]["processes"] * self.config["training"]["nodes"]

    @cached_property
    def _sets(self) -> dict:
        return self.known["sets"]["twins" if "world" in self.config else "real"]

    def _crops(self, views: str | None) -> int:
        backprop = self.config["prediction"]["backprop_crops"]
        return {"ten-crop": 10, "backprop": backprop}.get(views, 1)

    def _epochs(self, name: str) -> float:
        recipe = self.config["training"]["recipe"] | self.config["networks"][name].get("recipe", {})
        return recipe.get("epochs", EPOCHS)

    def _solves(self, name: str) -> tuple[int, int]:
        """How often a set is solved, and the examples x classes of each time.

        For each split, raw and normalised features: every C on every fold, if the search does not end
        before, and the best C on all of it.
        """
        asked = self.config["transfer"]
        each = 2 * (len(asked["costs"]) * asked["folds"] + 1)
        paper = next((one for one in transfer_sets().values() if one.layout == name), None)
        if paper is None:  # of Section 4.2: one class, one split
            return each, self.images(name)
        splits, one = paper.splits, self._sets[name]
        examples = one["examples"]
        if paper.random_splits and paper.metric == "accuracy":
            splits = asked.get("splits", splits)
            examples = asked.get("train", paper.train) * one["classes"]
        return splits * each, examples * one["classes"]


def _experiments() -> dict[str, dict]:
    text = files("pipeline_lib.data").joinpath("discovery.yaml")
    return yaml.safe_load(text.read_text(encoding="utf-8"))


def _released() -> dict[str, dict]:
    text = files("pipeline_lib.networks.caffe").joinpath("released.yaml")
    return yaml.safe_load(text.read_text(encoding="utf-8"))
