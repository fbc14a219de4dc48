"""Ctrl-C as a wish that the launcher grants between two events, so that rows are never cut."""

from __future__ import annotations

import signal
import socket
import threading
from typing import Any


class Interrupts:
    """Turns the first SIGINT or SIGTERM into a wish (`asked`); the second acts as it did before.

    `wake` becomes readable with the signal. Outside the main thread nothing is caught.
    """

    def __init__(self) -> None:
        self.asked = False
        self.wake, self._waker = socket.socketpair()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def _ask(self, number: int, frame: object) -> None:
        self.asked = True
        self._restore()
        self._waker.send(b"x")

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __exit__(self, *_: object) -> None:
        self._restore()
        self.wake.close()
        self._waker.close()
