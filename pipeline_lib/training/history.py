"""The history of a run: loss, accuracy and speed, as a CSV table and TensorBoard's events."""

import csv
import time
from pathlib import Path

import torch
from tensorboardX import SummaryWriter

from pipeline_lib.common.files import write_text

HISTORY_COLUMNS = (
    "step",
    "epoch",
    "loss",
    "accuracy",
    "rate",
    "images_per_second",
    "gpu_memory_gib",
)


class Tally:
    """Sums since the last row of the history, the start of the epoch, and that of the window.

    They stay on the device, because reading them waits for it. ``sums`` is (3, 5) float64: samples,
    loss, correct samples, loss at chance, and pieces whose samples had different logits, in this
    process. A window, and the loss at chance of each class, (classes,), are those of ``GuessingWatch``.
    """

    def __init__(self, chance_losses: torch.Tensor, device: torch.device) -> None:
        self._chance_losses = chance_losses.to(device)
        self.sums = torch.zeros(3, 5, dtype=torch.float64, device=device)

    def add(self, loss: torch.Tensor, logits: torch.Tensor, targets: torch.Tensor) -> None:
        """Add a piece of a batch: its mean loss, (n, classes) logits and (n,) targets."""
        correct = (logits.argmax(1) == targets).sum()
        samples = torch.full_like(loss, len(targets))
        is_varied = (logits != logits[:1]).any() if len(logits) > 1 else logits.any()
        chance = self._chance_losses[targets].sum()
        sums = [samples, loss.detach() * samples, correct, chance, is_varied]
        self.sums += torch.stack([value.double() for value in sums])

    def begin_row(self) -> None:
        """Start the next row's sums."""
        self.sums[0].zero_()

    def begin_epoch(self) -> None:
        """Start the next epoch's sums."""
        self.sums[1].zero_()

    def begin_window(self) -> None:
        """Start the next window's sums."""
        self.sums[2].zero_()


class History:
    """``history.csv`` and event files in a folder, continued after ``step``.

    Later rows, which a killed run wrote after its last checkpoint, are removed; TensorBoard hides its
    later events. Without a folder nothing is written.
    """

    def __init__(self, folder: Path | None, step: int) -> None:
        self._table = None
        if folder is None:
            return
        path = folder / "history.csv"
        write_text(path, "".join(_lines_up_to(path, step)))
        self._table = open(path, "a", encoding="utf-8", newline="")  # noqa: SIM115, closed below
        self._events = SummaryWriter(
            str(folder),
            purge_step=step + 1,
            flush_secs=10,
            filename_suffix=f".{step:09d}",  # two runs within a second must not share a file
        )
        self._last = step, time.monotonic()

    def write(self, batch: int, row: dict[str, float]) -> None:
        """Append a row; speed and GPU memory are measured here, the other columns come from ``row``."""
        if self._table is None:
            return
        (step, started), now = self._last, time.monotonic()
        self._last = row["step"], now
        memory = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else 0.0
        speed = (row["step"] - step) * batch / (now - started)
        row = {**row, "images_per_second": speed, "gpu_memory_gib": memory}
        values = (f"{row[name]:.7g}" for name in HISTORY_COLUMNS[1:])
        csv.writer(self._table, lineterminator="\n").writerow([row["step"], *values])
        self._table.flush()
        for name in HISTORY_COLUMNS[1:]:
            self._events.add_scalar(name, row[name], row["step"])

    def __enter__(self) -> "History":
        return self

    def __exit__(self, *_: object) -> None:
        if self._table is not None:
            self._table.close()
            self._events.close()


def _lines_up_to(path: Path, step: int) -> list[str]:
    """Return the table's header and its complete rows up to ``step``."""
    header = ",".join(HISTORY_COLUMNS) + "\n"
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    lines = text.splitlines(keepends=True)
    if step == 0 or lines[:1] != [header]:
        return [header]
    complete = [line for line in lines[1:] if line.count(",") == header.count(",") and "\n" in line]
    steps = [(line.split(",")[0], line) for line in complete]
    return [header] + [line for number, line in steps if number.isdecimal() and int(number) <= step]
