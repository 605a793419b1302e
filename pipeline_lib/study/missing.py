"""What the jobs of a run need of data_root and that is not there, with its size and where to get it."""

import os
from collections.abc import Iterable, Iterator

from pipeline_lib.data.downloads import Archive, downloads, fetch_command
from pipeline_lib.study.configuration.networks import RELEASED
from pipeline_lib.study.image_sets import TEST
from pipeline_lib.study.released import released_networks
from pipeline_lib.study.study import Study


def missing_data(study: Study, outputs: Iterable[str]) -> list[str]:
    """Return a line for each missing part of a data set that jobs with these outputs read.

    A folder counts as there whatever is in it: its reader will say more.
    """
    if study.is_synthetic:
        return []
    outputs = set(outputs)
    read = [name for name in study.image_sets if study.paths.manifest(name) in outputs]
    if read and not os.path.isdir(study.data_root):
        return [
            f"config.data_root: {study.data_root}: no such folder; set it to where the data are"
        ]
    if os.path.isdir(f"{study.data_root}/coco/annotations") and "concepts" in read:
        read.remove("concepts")  # captions of any split will do
    keys = {key for name in read for key in study.image_sets[name].published}
    lines = []
    for key, data_set in downloads().items():
        if key in keys:
            source = data_set.login or fetch_command(key, study.data_root)
            for archive in data_set.archives:
                if not archive.optional:
                    folder = os.path.join(data_set.folder, archive.subfolder)
                    lines += _line(study, data_set.name, folder, archive, source)
    for name in dict.fromkeys(_released(study, outputs)):
        entry = released_networks()[name]
        archive = Archive(entry["file"], (), bytes=entry["bytes"])
        at = f"weights/{entry['file']}"
        lines += _line(study, f"{name}'s weights", at, archive, entry["address"])
    return lines


def _released(study: Study, outputs: set[str]) -> Iterator[str]:
    """Yield the published networks that jobs take, or start a training from."""
    for name in study.adopted:
        if study.networks[name].source == "released" and study.paths.weights(name) in outputs:
            yield name
    for name, start in study.starts.items():
        if start.startswith(RELEASED) and study.paths.start_weights(name) in outputs:
            yield start.removeprefix(RELEASED).replace("*", "plus")


def sets_of(study: Study) -> list[str]:
    """Return the keys in ``data/downloads.yaml`` of all data sets that the study reads."""
    if study.is_synthetic:
        return []
    needed = [each for name, each in study.image_sets.items() if name != TEST]
    return list(dict.fromkeys(key for each in needed for key in each.published))


def _line(study: Study, name: str, folder: str, archive: Archive, source: str) -> list[str]:
    named = [part for part in archive.expected_files if not set("*[") & set(part)]
    paths = [os.path.normpath(f"{study.data_root}/{folder}/{part}") for part in (".", *named)]
    lost = [path for path in paths if not os.path.exists(path)]
    if not lost:
        return []
    size = archive.bytes or archive.approximate_bytes
    shown = f"{size / 1e9:,.3f} GB" if size else "size unknown"
    return [f"{name} at {lost[0]}: {shown}, {source}"]
