"""Timers that tell what the test wants."""

from __future__ import annotations

from collections.abc import Sequence


class FakeTimer:
    """Tells the given seconds in turn, the last one for ever."""

    def __init__(self, seconds: Sequence[float]) -> None:
        self._seconds = list(seconds)
        self.starts = 0

    def start(self) -> None:
        self.starts += 1

    def stop(self) -> float:
        return self._seconds[min(self.starts, len(self._seconds)) - 1]
