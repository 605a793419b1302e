"""The input files of a table or figure by role, read and checked."""

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
    """The input files by role, and sentences about the study.

    ``artefact`` is named in messages. ``roots`` are the folders of the role "images", in order.
    ``notes`` are sentences about the study; ``absent`` gives the reason of each missing row or column.
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
        """Return the file of a role that takes one. Raises InputError if there is none, or several."""
        paths = self.paths(role)
        if len(paths) > 1:
            raise InputError(f"{self.artefact} takes one --input {role}, not {len(paths)}")
        return paths[0]

    def optional(self, role: str) -> list[Path]:
        """Return the files of a role, which may have none."""
        return self._files.get(role, [])

    @property
    def names(self) -> dict[str, str]:
        """The classes' names by label, from the role "classes", by default ImageNet's."""
        return read_class_names(self.optional("classes"))

    @property
    def root(self) -> str:
        """The folder of the images, for artefacts of one set. Raises InputError unless there is one."""
        if len(self.roots) != 1:
            raise InputError(f"{self.artefact} takes one of --roots, not {len(self.roots)}")
        return self.roots[0]

    def predicted_sets(self) -> list[PredictedSet]:
        """Return the predictions files, each with its manifest and folder: the roles' order is the same.

        Raises InputError where their numbers differ, and for predictions without maps of the predicted
        classes.
        """
        predictions, images = self.paths("predictions"), self.paths("images")
        if not len(predictions) == len(images) == len(self.roots):
            raise InputError(
                f"{self.artefact}: --input predictions, --input images and --roots belong together: "
                "give the same number of each"
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
        """Return the predictions of an artefact of one set, their manifest and folder."""
        self.path("predictions")
        (predicted,) = self.predicted_sets()
        return predicted

    def shared_images(self) -> tuple[list[Predictions], pd.DataFrame, Path]:
        """Return all predictions, which are of the same images, with their manifest and folder."""
        images, root = self.path("images"), self.root
        predictions = [read_predictions(path, images) for path in self.paths("predictions")]
        return predictions, read_images(images), root_folder(root)
