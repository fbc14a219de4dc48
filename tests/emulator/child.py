"""Running what may break its process, such as a kernel that was made wrong, in a child."""

from __future__ import annotations

import os
from collections.abc import Callable

PASSED = "passed"


def in_a_child(run: Callable[[], object]) -> str:
    """PASSED, the text of what was raised (`AssertionError: …`), or the signal that ended it.

    A wrong kernel can write over the emulator itself before anything is noticed: a later launch of
    the same process would crash in its place.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        told = PASSED
        try:
            run()
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"
        os.write(writing, told.encode()[:4000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read().decode(errors="replace")
    _, status = os.waitpid(child, 0)
    return told or f"signal {os.WTERMSIG(status)}"
