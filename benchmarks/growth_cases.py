"""The steps that `growth.py` measures. As a script: write a case's inputs, print its command as JSON.

Only that process imports what makes the inputs: a process's peak memory counts that of its parent.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CORES = 8  # of a job of the paper study that shares its work among processes
CLASSES = 1000
Command = list[str]


@dataclass(frozen=True)
class Case:
    """A step at a size: ``prepare`` writes inputs of n items into a folder and returns the command.

    ``base`` is n at 1x, ``full`` that of the paper study. The full job does ``repeats`` times as much
    with each item. ``cores``: how many share its work; ``least``: the smallest n there can be.
    ``memory`` is false for one that reads the same blocks as the case before it, but less than one.
    """

    name: str
    rule: str
    base: int
    full: int
    prepare: Callable[[Path, int], Command]
    repeats: float = 1
    cores: int = 1
    least: int = 2
    memory: bool = True


def step(name: str, **flags: object) -> Command:
    """Return a step's command; ``flags`` that are lists become several words."""
    words: list[object] = [sys.executable, "-m", "pipeline_lib", name]
    for key, value in flags.items():
        words += [f"--{key.replace('_', '-')}", *(value if isinstance(value, list) else [value])]
    return list(map(str, words))


def index(folder: Path, n: int, split: str) -> Command:
    """Links to one photograph in ILSVRC's layout."""
    growth_inputs.ilsvrc(folder / "ilsvrc", n, split)
    tables = {key: folder / f"{key}.csv" for key in ("images", "boxes", "classes")}
    where = {"layout": f"ilsvrc-{split}", "root": folder / "ilsvrc"}
    return step("index", **where, expected=n + 1, **tables)


def pack(folder: Path, n: int) -> Command:
    """Packing."""
    images = growth_inputs.manifest(folder, n, CLASSES)
    return step("pack", images=images, root=folder, shard_size=256, out=folder / "packed")


def shards(folder: Path, n: int) -> Command:
    """Reading what is packed."""
    subprocess.run(pack(folder, n), check=True, capture_output=True)
    return [sys.executable, growth_inputs.__file__, str(folder / "packed")]


def predict(folder: Path, n: int, **flags: object) -> Command:
    """The CPU's part of a prediction, and a tiny network's."""
    images = growth_inputs.manifest(folder, n, CLASSES)
    where = {"network": growth_inputs.network(folder, CLASSES), "images": images, "root": folder}
    return step("predict", **where, threads=1, out=folder / "out.h5", **flags)


def localize(folder: Path, n: int, box_method: str, **kind: object) -> Command:
    """Boxes of maps of a kind."""
    images = growth_inputs.manifest(folder, n, CLASSES)
    predictions = growth_inputs.predictions(folder, n, CLASSES, **kind)
    where = {"predictions": predictions, "images": images, "root": folder}
    flags = {"box_method": box_method, "partial": folder / "part", "out": folder / "out.csv"}
    return step("localize", **where, **flags)


def evaluate(folder: Path, n: int) -> Command:
    """Scores of boxes."""
    images = growth_inputs.manifest(folder, n, CLASSES)
    predictions = growth_inputs.predictions(folder, n, CLASSES)
    tables = {"images": images, "true_boxes": folder / "boxes.csv"}
    found = growth_inputs.boxes(folder, predictions, n)
    return step("evaluate", predictions=predictions, boxes=found, **tables, out=folder / "o")


def submit(folder: Path, n: int) -> Command:
    """The submission."""
    growth_inputs.manifest(folder, n, CLASSES)
    found = growth_inputs.boxes(folder, growth_inputs.predictions(folder, n, CLASSES), n)
    where = {"boxes": found, "classes": folder / "classes.csv"}
    return step("submit", **where, guesses="heuristics", out=folder / "out.txt")


def sweep(folder: Path, n: int) -> Command:
    """All thresholds."""
    images = growth_inputs.manifest(folder, n, CLASSES)
    predictions = growth_inputs.predictions(folder, n, CLASSES)
    where = {"predictions": predictions, "images": images, "true_boxes": folder / "boxes.csv"}
    return step("sweep", **where, out=folder / "curve.csv", scores=folder / "scores.csv")


def measure_maps(folder: Path, n: int) -> Command:
    """The row of a map method: all thresholds, and the errors by the paper's boxes and the authors'."""
    images = growth_inputs.manifest(folder, n, CLASSES)
    predictions = growth_inputs.predictions(folder, n, CLASSES)
    where = {"predictions": predictions, "images": images, "true_boxes": folder / "boxes.csv"}
    return step("measure_maps", **where, out=folder / "out.csv", outcomes=folder / "outcomes.csv")


def extract(folder: Path, n: int) -> Command:
    """The CPU's part of an extraction."""
    images = growth_inputs.manifest(folder, n, CLASSES)
    where = {"network": growth_inputs.network(folder, CLASSES), "images": images, "root": folder}
    return step("extract", **where, threads=1, out=folder / "features.h5")


def fit(folder: Path, n: int) -> Command:
    """SVMs of one split."""
    images = growth_inputs.manifest(folder, n, 397)
    where = {
        "features": growth_inputs.features(folder, n, 1024, 397),
        "images": images,
        "set": "SUN397",
    }
    outputs = {"out": folder / "svm.npz", "scores": folder / "scores.csv"}
    splits = {"splits": folder / "splits.csv", "costs": 1, "decisions": folder / "decisions.csv"}
    return step("fit", **where, **splits, **outputs)


def fit_scenes(folder: Path, n: int) -> Command:
    """SVMs of all images."""
    images = growth_inputs.manifest(folder, n, 10)
    where = {"features": growth_inputs.features(folder, n, 1024, 10), "images": images}
    return step("fit_scenes", **where, out=folder / "svm.npz", scores=folder / "scores.json")


def measure_scenes(folder: Path, n: int) -> Command:
    """Objects in scenes."""
    where = {"images": growth_inputs.manifest(folder, n, 10), "classes": folder / "classes.csv"}
    where |= {"predictions": growth_inputs.predictions(folder, n, 10)}
    return step(
        "measure_scenes", **where, annotations=growth_inputs.polygons(folder, n), out=folder / "o"
    )


def measure_text(folder: Path, n: int) -> Command:
    """Words in photographs of 1.1 megapixels."""
    where = {
        "images": growth_inputs.manifest(folder, n, 1, (1280, 880)),
        "splits": folder / "splits.csv",
    }
    growth_inputs.words_in_images(folder, n)
    where |= {
        "predictions": growth_inputs.predictions(folder, n, 1),
        "true_boxes": folder / "boxes.csv",
    }
    return step("measure_text", **where, out=folder / "out.csv", by_image=folder / "images-out")


def mine_concepts(folder: Path, n: int) -> Command:
    """Detectors of concepts."""
    where = {"images": growth_inputs.manifest(folder, n, 50)}
    where |= {"features": growth_inputs.features(folder, n, 1024, 50)}
    outputs = {key: folder / f"{key}-out" for key in ("concepts", "ranking", "picked")}
    where |= {"annotations": growth_inputs.captions(folder, n), "count": 10}
    return step("mine_concepts", **where, **outputs, out=folder / "svm.npz")


def answer(folder: Path, n: int) -> Command:
    """Three models of questions."""
    where = {"images": growth_inputs.manifest(folder, 5 * n // 6 + 2, 50)}
    where |= {"features": growth_inputs.features(folder, 5 * n // 6 + 2, 1024, 50)}
    outputs = {"scores": folder / "scores.csv", "answers": folder / "answers.csv"}
    where |= {"questions": growth_inputs.questions(folder, n), "epochs": 1, "threads": 1}
    where |= {"min_word_count": 1, "min_answer_count": 1}
    return step("answer", **where, **outputs, classifier=folder / "svm.npz")


def find_units(folder: Path, n: int) -> Command:
    """The survey of units."""
    images = growth_inputs.manifest(folder, n, CLASSES)
    where = {"network": growth_inputs.network(folder, CLASSES), "images": images, "root": folder}
    return step("find_units", **where, method="disc", threads=1, out=folder / "units.h5")


def figure(folder: Path, n: int, name: str, columns: int) -> Command:
    """A figure that chooses among all images."""
    images = growth_inputs.manifest(folder, n, CLASSES)
    files = [growth_inputs.predictions(folder, n, CLASSES, name=f"net{k}") for k in range(columns)]
    words = step("plot", figure=name, roots=folder, out=folder / "figure.png")
    roles = {"predictions": files, "images": [images], "classes": [folder / "classes.csv"]}
    for role, paths in roles.items():
        words += ["--input", role, *map(str, paths)]
    return words


def partial(function: Callable[..., Command], **flags: object) -> Callable[[Path, int], Command]:
    """Return ``function`` with some of its flags given."""
    return lambda folder, n: function(folder, n, **flags)


VAL, SUN = 50_000, 108_754
GRADIENTS = {"method": "backprop", "crops": 10}
CASES = (
    Case("index, training images", "index", 4000, 1_281_167, partial(index, split="train")),
    Case("index, validation images", "index", 1000, VAL, partial(index, split="val")),
    Case("pack", "pack", 512, 1_281_167, pack, cores=CORES),
    # Eight epochs.
    Case("shards", "train", 250, 1_281_167, shards, repeats=8, cores=CORES),
    Case("predict", "predict", 150, VAL, predict, cores=CORES),
    Case("predict, ten crops", "predict", 50, VAL, partial(predict, crops=10), cores=CORES),
    # The gradients of one crop after the other are merged in one process.
    Case("predict, backprop", "predict", 20, VAL, partial(predict, **GRADIENTS)),
    Case(
        "localize, paper", "localize", 100, VAL, partial(localize, box_method="paper"), cores=CORES
    ),
    Case(
        *("localize, authors, ten crops", "localize", 12, VAL),
        *(partial(localize, box_method="authors", crops=10), 1, CORES),
    ),
    Case(
        *("localize, authors, backprop", "localize", 128, VAL),
        *(partial(localize, box_method="authors", **GRADIENTS), 1, CORES),
    ),
    Case(
        *("localize, graph cut", "localize", 5, VAL),
        *(partial(localize, box_method="graphcut", **GRADIENTS), 1, CORES, 2, False),
    ),
    Case("evaluate", "evaluate", VAL // 16, VAL, evaluate),
    Case("sweep", "sweep", 20, VAL, sweep, cores=CORES),
    Case("measure_maps", "measure_maps", 20, VAL, measure_maps, cores=CORES),
    Case("submit", "submit", 100_000 // 16, 100_000, submit),
    Case("extract", "features", 150, SUN, extract, cores=CORES),
    # Images, half of them to train on, of 397 classes; 44 solves in each of five splits, here 8 in one.
    Case("fit", "fit", 6 * 397, 2 * 19_850, fit, repeats=5 * 44 / 8, least=6 * 397),
    Case("fit_scenes", "fit_scenes", 4675 // 16, 4675, fit_scenes, least=60),
    Case("measure_scenes", "measure_scenes", 40, 4675, measure_scenes, least=10),
    Case("measure_text", "measure_text", 4, 249, measure_text),
    # A hundred concepts, ten here.
    Case(
        *("mine_concepts", "mine_concepts", 1250, 123_287, mine_concepts),
        repeats=10,
        cores=CORES,
        least=1000,
    ),
    # A hundred epochs, one here.
    Case("answer", "answer", 6000, 248_349, answer, repeats=100),
    Case("find_units, survey", "find_units", 100, VAL, find_units, least=20),
    Case(
        "figure5, 9 networks", "figure", VAL // 16, VAL, partial(figure, name="figure5", columns=9)
    ),
)


if __name__ == "__main__":
    import growth_inputs

    number, n, folder = sys.argv[1:]
    print(json.dumps(CASES[int(number)].prepare(Path(folder), int(n))))
