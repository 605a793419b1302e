"""What a chapter of a run has found, in a few words, read from the files that its jobs made."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from pipeline_lib.common.files import read_json
from pipeline_lib.data.manifest import read_csv
from pipeline_lib.discovery.answer_scores import FULL, read_vqa_scores
from pipeline_lib.discovery.concept_tables import means_of, read_concepts
from pipeline_lib.evaluation.randomized_table import RANK_CORRELATION, read_agreement
from pipeline_lib.evaluation.scores import SCORE_COLUMNS
from pipeline_lib.evaluation.sweep import MAX_BOX_ACC
from pipeline_lib.evaluation.transfer import TRANSFER_SCORE_COLUMNS
from pipeline_lib.study.study import CROPS
from pipeline_lib.units.measures import ALL_CLASSES, read_unit_measures


def found(chapter: str, outputs: Sequence[str], folder: Path = Path()) -> str:
    """Return what the jobs of a chapter found whose ``outputs``, relative to ``folder``, are there.

    It is "" for a chapter that finds nothing by itself. Raises InputError for a spoiled file.
    """
    paths = [folder / path for path in outputs if (folder / path).is_file()]
    return ", ".join(_FINDERS[chapter](paths)) if chapter in _FINDERS else ""


def _data(paths: list[Path]) -> Iterator[str]:
    counts = [_rows(path) for path in paths if path.name == "images.csv"]
    if counts:
        yield f"{_count(len(counts), 'image set')} of {sum(counts):,} images"


def _networks(paths: list[Path]) -> Iterator[str]:
    cards = [read_json(path) for path in paths if path.suffix == ".json" and _in(path, "networks")]
    trained = [card for card in cards if card["source"] == "trained"]
    if trained:
        best = max(trained, key=lambda card: card["training"].get("accuracy", 0.0))
        percent = 100 * best["training"].get("accuracy", 0.0)
        yield f"{len(trained)} trained (most training images right: {best['name']}, {percent:.0f} %)"
    if len(cards) > len(trained):
        yield f"{len(cards) - len(trained)} taken ready-trained"


def _localization(paths: list[Path]) -> Iterator[str]:
    scores = [
        read_csv(path, SCORE_COLUMNS)
        for path in paths
        if _in(path, "scores") and not _in(path, "sweep") and path.suffixes == [".csv"]
    ]
    rows = [each[each["metric"] == "localization top-1"] for each in scores]
    if rows := [each.iloc[0] for each in rows if len(each)]:
        best = min(rows, key=lambda row: row["error"])
        yield f"least top-1 localization error: {best['row']}, {best['error']:.1f} %"


def _maps(paths: list[Path]) -> Iterator[str]:
    scores = [
        read_csv(path, SCORE_COLUMNS)
        for path in paths
        if _in(path, "scores") and path.suffixes == [".csv"]
    ]
    rows = [each[each["metric"] == MAX_BOX_ACC] for each in scores]
    if rows := [each.iloc[0] for each in rows if len(each)]:
        best = max(rows, key=lambda row: row["error"])
        yield f"highest {MAX_BOX_ACC}: {best['row']} by {best['method']}, {best['error']:.1f} %"


def _checks(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        if _in(path, "randomized"):
            table = read_agreement(path)
            last = table[table["stage"] == table["stage"].max()]
            rows = last[last["measure"] == RANK_CORRELATION]
            told = ", ".join(f"{row.method} {row.mean:.2f}" for row in rows.itertuples())
            if told:
                yield f"rank correlation left: {told}"
    measured = [path for path in paths if _in(path, "faithfulness") and path.suffixes == [".csv"]]
    if measured:
        yield f"faithfulness of {_count(len(measured), 'network')}"


def _transfer(paths: list[Path]) -> Iterator[str]:
    tables = [
        read_csv(path, TRANSFER_SCORE_COLUMNS)
        for path in paths
        if _in(path, "svm") and path.parent.name in CROPS and path.suffixes == [".csv"]
    ]
    if tables:
        scores = pd.concat(tables)
        sets = scores["set"].nunique()
        mean = scores[scores["chosen"].astype(bool)].groupby("row")["value"].mean()
        best = f"best on average {mean.idxmax()}, {mean.max():.1f} %" if len(mean) else ""
        yield f"{_count(len(tables), 'linear SVM')} on {_count(sets, 'set')} ({best})"


def _discovery(paths: list[Path]) -> Iterator[str]:
    by_name = {path.name: path for path in paths if _in(path, "discovery")}
    if path := by_name.get("concepts.csv"):
        concepts = read_concepts(path)
        precision = means_of(concepts).get("precision")
        told = f" (P@10 {100 * precision['value']:.0f} %)" if precision else ""
        yield f"{_count(len(concepts), 'concept')}{told}"
    if path := by_name.get("vqa.csv"):
        scores = read_vqa_scores(path).set_index(["row", "metric"])
        yield f"{scores.loc[(FULL, 'open-ended'), 'value']:.0f} % of answers right"
    yield from (name for name in ("scenes", "text") if f"{name}.csv" in by_name)


def _units(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        if _in(path, "discovery") and path.suffix == ".csv":
            measures = read_unit_measures(path)
            for row in measures[measures["class"] == ALL_CLASSES].head(1).itertuples():
                yield f"{row.network}: {row.measure} {row.value:.0f} %, by chance {row.chance:.0f} %"


def _report(paths: list[Path]) -> Iterator[str]:
    kinds = {
        "table": [path for path in paths if _in(path, "tables") and path.suffix == ".csv"],
        "figure": [path for path in paths if _in(path, "figures") and path.suffix == ".png"],
    }
    yield from (_count(len(made), kind) for kind, made in kinds.items() if made)
    if any(path.name == "index.html" for path in paths):
        yield "the page"


_FINDERS: dict[str, Callable[[list[Path]], Iterator[str]]] = {
    "data": _data,
    "networks": _networks,
    "localization": _localization,
    "maps": _maps,
    "checks": _checks,
    "transfer": _transfer,
    "discovery": _discovery,
    "units": _units,
    "report": _report,
}


def _in(path: Path, folder: str) -> bool:
    return folder in path.parent.parts


def _rows(path: Path) -> int:
    with open(path, encoding="utf-8") as file:
        return sum(not line.startswith("#") for line in file) - 1


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
