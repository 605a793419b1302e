"""What the step explain writes: a sheet of photographs, their scores and boxes as JSON, and the maps."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import atomic, write_json
from pipeline_lib.data.classes import short_name
from pipeline_lib.localization.photographs import ExplainedPhotograph, MapOfClass
from pipeline_lib.reporting.figures.figure4 import SheetRow, plot
from pipeline_lib.reporting.figures.pictures import guesses, save_picture


class Explanations:
    """Collects explained photographs; writes their maps as they come, and the rest at the end.

    ``labels`` are the network's classes, ``names`` their names. Maps go to the folder ``npy``, if one
    is given: (k, h, w) float32 for each photograph, or (k, planes, h, w).
    """

    def __init__(
        self, network: str, labels: Sequence[str], names: Mapping[str, str], npy: Path | None
    ) -> None:
        self.network, self.labels, self.names, self.npy = network, labels, names, npy
        self.entries: list[dict] = []
        self.sheet: list[SheetRow] = []
        self._files: set[str] = set()

    def add(self, photograph: ExplainedPhotograph) -> dict:
        """Take a photograph, write its maps; return its entry in the JSON."""
        labels = [self.labels[index] for index in photograph.classes]
        top = guesses(labels, photograph.scores, self.names)
        maps = [self._described(each) for each in photograph.maps]
        width, height = photograph.size
        entry = {
            "image_id": photograph.path.name,
            "path": str(photograph.path),
            **{"width": width, "height": height},
            "network": self.network,
            "top": top,
            "maps": maps,
        }
        if self.npy is not None:
            file = self._write_maps(photograph)
            for index, described in enumerate(maps):
                described |= {"file": str(file), "index": index}
        self.entries.append(entry)
        if photograph.picture is not None:
            ratio = photograph.picture.shape[1] / width
            row = SheetRow(
                image_id=photograph.path.name,
                network=self.network,
                truth="",
                picture=photograph.picture,
                heat_maps=photograph.heat_maps,
                guesses=maps,
                boxes=[np.array(each.box) * ratio for each in photograph.maps],
            )
            self.sheet.append(row)
        return entry

    def write(self, sheet: Path, json: Path, settings: dict, failed: Sequence[InputError]) -> None:
        """Write the sheet, and the JSON with the ``settings`` and what could not be read."""
        plot(self.sheet, lambda figure: save_picture(figure, sheet))
        content = {**settings, "rows": self.entries, "failed": [str(error) for error in failed]}
        write_json(json, content)

    def _described(self, each: MapOfClass) -> dict:
        label = self.labels[each.index]
        return {
            "class": label,
            "name": short_name(self.names, label),
            "score": round(each.score, 6),
            "box": list(each.box),
        }

    def _write_maps(self, photograph: ExplainedPhotograph) -> Path:
        """Write a photograph's maps; of the same name in several folders, the next are numbered."""
        name = photograph.path.name
        stem, count = name, 1
        while stem in self._files:
            count += 1
            stem = f"{name}-{count}"
        self._files.add(stem)
        maps = np.stack([each.planes for each in photograph.maps]).astype(np.float32)
        path = self.npy / f"{stem}.npy"
        with atomic(path) as temporary:
            np.save(temporary, maps[:, 0] if maps.shape[1] == 1 else maps)
        return path
