"""Checkpoints: written whole or not at all, read without executing code."""

import logging
import uuid
from pathlib import Path

import torch

from pipeline_lib.common.errors import InputError
from pipeline_lib.common.files import atomic, write_text

KEEP = 2  # the newest may be the one a failing disk spoils
OWNER = "owner"  # the file that says which process may save

log = logging.getLogger(__name__)


class Checkpoints:
    """The checkpoints of one run, in a folder no workflow rule owns.

    ``run`` is the fingerprint of everything the run depends on; checkpoints of other runs in the
    same folder are never resumed from, and are removed when this one saves.

    A scheduler that has lost sight of a job starts it anew although it may still run. The process
    that took the folder last is the one that saves; another ends when it next would.
    """

    def __init__(self, folder: Path, run: str) -> None:
        self.folder, self.run = folder, run
        self._token = uuid.uuid4().hex

    def take(self) -> None:
        """Become the one that saves here."""
        write_text(self.folder / OWNER, self._token)

    def check_ours(self) -> None:
        """Raise InputError if another process has taken the folder since this one did."""
        owner = self.folder / OWNER
        if owner.exists() and owner.read_text() != self._token:
            raise InputError(f"{self.folder}: another process goes on with this run; this one ends")

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob(f"{self.run}-*.pt"))

    def save(self, step: int, state: dict) -> None:
        """Write ``state`` (tensors and plain values) as the checkpoint after ``step`` steps.

        Raises InputError where another process has taken over.
        """
        self.check_ours()
        path = self.folder / f"{self.run}-{step:09d}.pt"
        with atomic(path) as temporary:
            try:
                torch.save({"step": step, **state}, temporary)
            except RuntimeError as error:  # how PyTorch's writer reports a full disk
                raise InputError(
                    f"{path}: could not be written ({error}); is the disk full?"
                ) from None
        for old in set(self.folder.glob("*.pt")) - set(self._files()[-KEEP:]):
            old.unlink()

    def newest(self) -> dict | None:
        """Return the newest readable checkpoint of this run, None where there is none."""
        for path in reversed(self._files()):
            try:
                return torch.load(path, map_location="cpu", weights_only=True)
            except Exception as error:  # torch.load has no error of its own for a spoiled file
                log.warning(
                    "%s: unreadable, trying an older one (%s)", path, str(error).splitlines()[0]
                )
        return None

    def clear(self) -> None:
        """Remove this folder's checkpoints: the run is over."""
        for path in (*self.folder.glob("*.pt"), self.folder / OWNER):
            path.unlink(missing_ok=True)
        if self.folder.exists() and not any(self.folder.iterdir()):
            self.folder.rmdir()
