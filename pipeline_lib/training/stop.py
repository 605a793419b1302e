"""Requests to stop: signals and a budget of time, looked at between steps."""

import signal
import time

BUDGET = 1  # beside the signals' numbers, which are larger: the kinds of request


class StopRequest:
    """Notes SIGTERM and SIGUSR1, and when a budget of ``minutes`` since now is spent.

    A handler must not do more than note: the step at hand has to be finished first. The handlers
    stay, because the process ends soon after: a second signal must not cut its last words off.
    """

    def __init__(self, minutes: float | None = None) -> None:
        self.minutes = minutes
        self._started = time.monotonic()
        self._signal = 0
        for number in (signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, self._note)

    def _note(self, number: int, _frame: object) -> None:
        self._signal = number

    @property
    def asked(self) -> int:
        """0, or the kind of request as a number, of which processes can take the largest."""
        if self._signal:
            return self._signal
        over = self.minutes is not None and time.monotonic() - self._started > 60 * self.minutes
        return BUDGET if over else 0

    def reason(self, kind: int, step: int) -> str:
        """Return the line to end with after ``step`` steps."""
        if kind == BUDGET:
            spent = f"after its budget of {self.minutes:g} minutes at step {step}"
        else:
            spent = f"by {signal.Signals(kind).name} after step {step}"
        return f"stopped {spent}; rerun to go on from here"
