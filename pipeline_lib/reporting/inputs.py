"""The files that a table or figure is made from, by their role, read and checked."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pipeline_lib.common.errors import InputError
from pipeline_lib.data.classes import read_class_names
from pipeline_lib.data.manifest import read_images
from pipeline_lib.data.photographs import root_folder
from pipeline_lib.localization.predictions import Predictions, read_predictions


class PredictedSet(NamedTuple):
    """Predictions, the manifest of their images in the same order, and the folder of these."""

    predictions: Predictions
    images: pd.DataFrame
    root: Path


class Inputs:
    """Files by role, and what the study says beside them.

    ``artefact`` is named in messages. ``roots`` are the folders of the role "images", in order.
    ``notes`` are sentences about the study; ``absent`` says by name why something is missing.
    """

    def __init__(
        self,
        artefact: str,
        files: Mapping[str, Sequence[Path]],
        roots: Sequence[str] = (),
        notes: Sequence[str] = (),
        absent: Mapping[str, str] | None = None,
    ) -> None:
        self.artefact, self.roots, self.notes = artefact, list(roots), list(notes)
        self.absent = dict(absent or {})
        self._files = {role: list(paths) for role, paths in files.items()}

    def paths(self, role: str) -> list[Path]:
        """Return the files of a role. Raises InputError if there is none."""
        if not self._files.get(role):
            raise InputError(f"{self.artefact} needs --input {role} FILE ...")
        return self._files[role]

    def path(self, role: str) -> Path:
        """Return the one file of a role. Raises InputError if there is none, or several."""
        paths = self.paths(role)
        if len(paths) > 1:
            raise InputError(f"{self.artefact} takes one --input {role}, not {len(paths)}")
        return paths[0]

    def optional(self, role: str) -> list[Path]:
        """Return the files of a role, none if there is none."""
        return self._files.get(role, [])

    @property
    def names(self) -> dict[str, str]:
        """The classes' names by label, of the role "classes", else ImageNet's."""
        return read_class_names(self.optional("classes"))

    def predicted_sets(self) -> list[PredictedSet]:
        """Return each predictions file with the manifest and the folder in the same place.

        Raises InputError where there are not as many of each, and for predictions without maps of the
        classes they predict.
        """
        predictions, images = self.paths("predictions"), self.paths("images")
        if not len(predictions) == len(images) == len(self.roots):
            raise InputError(
                f"{self.artefact}: --input predictions, --input images and --roots go together: give as "
                "many of each"
            )
        sets = [
            PredictedSet(read_predictions(path, manifest), read_images(manifest), root_folder(root))
            for path, manifest, root in zip(predictions, images, self.roots, strict=True)
        ]
        for path, predicted in zip(predictions, sets, strict=True):
            if not predicted.predictions.maps.shape[1]:
                raise InputError(
                    f"{path}: has maps of the true class alone; {self.artefact} needs more"
                )
        return sets

    def predicted_set(self) -> PredictedSet:
        """Return the one predictions file, its manifest and its folder."""
        self.path("predictions")
        (predicted,) = self.predicted_sets()
        return predicted

    def one_manifest(self) -> tuple[list[Predictions], pd.DataFrame, Path]:
        """Return all predictions files, and the one manifest and folder that they belong to."""
        if len(self.paths("images")) != 1 or len(self.roots) != 1:
            raise InputError(
                f"{self.artefact} takes one --input images and one of --roots for all predictions"
            )
        images = self.path("images")
        predictions = [read_predictions(path, images) for path in self.paths("predictions")]
        return predictions, read_images(images), root_folder(self.roots[0])
