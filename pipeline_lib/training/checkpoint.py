"""Checkpoints: written atomically, read without executing code."""

import logging
import uuid
from pathlib import Path

import torch

from pipeline_lib.common.errors import InputError, reason_of
from pipeline_lib.common.files import atomic, write_text

KEPT = 2  # a failing disk may spoil the newest
OWNER = "owner"  # the file that names the process that may save

log = logging.getLogger(__name__)


class Checkpoints:
    """The checkpoints of one run, in a folder that no workflow rule declares.

    ``run`` is the fingerprint of everything the run depends on. Checkpoints of other runs in the same
    folder are never resumed from, and are removed when this run saves.

    A scheduler may start a job twice, if it loses contact to the first. Only the process that took the
    folder last may save; the other one ends when it tries to.
    """

    def __init__(self, folder: Path, run: str) -> None:
        self.folder, self.run = folder, run
        self._token = uuid.uuid4().hex

    def take(self) -> None:
        """Become the process that may save here."""
        write_text(self.folder / OWNER, self._token)

    def check_ours(self) -> None:
        """Raise InputError if another process has taken the folder since this one did."""
        owner = self.folder / OWNER
        if owner.exists() and owner.read_text() != self._token:
            raise InputError(f"{self.folder}: another process continues this run; this one ends")

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob(f"{self.run}-*.pt"))

    def save(self, step: int, state: dict) -> None:
        """Write ``state`` (tensors and plain values) as the checkpoint after ``step`` steps.

        Raises InputError if another process has taken the folder.
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
        for old in set(self.folder.glob("*.pt")) - set(self._files()[-KEPT:]):
            old.unlink()

    def newest(self) -> dict | None:
        """Return the newest readable checkpoint of this run, None if there is none."""
        for path in reversed(self._files()):
            try:
                state = torch.load(path, map_location="cpu", weights_only=True)
                if not (isinstance(state, dict) and "step" in state):
                    raise ValueError("not a checkpoint")
                return state
            except Exception as error:  # torch.load raises many types for a damaged file
                log.warning("%s: unreadable, trying an older one (%s)", path, reason_of(error))
        return None

    def clear(self) -> None:
        """Remove the checkpoints after the end of the run."""
        unfinished = self.folder.glob(
            f".{OWNER}.*"
        )  # left by a process killed while taking the folder
        for path in (*self.folder.glob("*.pt"), *unfinished, self.folder / OWNER):
            path.unlink(missing_ok=True)
        if self.folder.exists() and not any(self.folder.iterdir()):
            self.folder.rmdir()
