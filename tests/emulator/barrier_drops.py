"""A check of the checks: without any one of its barriers, a kernel must be seen to fail.

`surviving_barriers` removes every barrier of a source in turn and runs the kernels. A barrier whose
removal nothing notices is either untested or needless. A needless one that stays (it is cheap and
makes the code plain) says so in its line: `// not needed alone: REASON`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from child import PASSED, in_a_child
from emulator import ORDERS, EmulatedModule, EmulatorError, emulation

BARRIER = re.compile(
    r"(?<![\w.])(?:__syncthreads|__syncwarp|__threadfence|sq_grid_sync(?:_by_counter)?)"
    r"\s*\([^();]*(?:\([^()]*\)[^();]*)*\)\s*;"
)
MARK = "// not needed alone:"
NOTICED = ("AssertionError", "EmulatorError", "signal")
"""How a child tells that a barrier was missed: a wrong output, a finding, a crash."""


def drop_barriers(source: str, *, fences: bool = False) -> list[tuple[str, str]]:
    """`(label, source without that barrier)` for every unmarked barrier statement of `source`.

    `__syncthreads();`, `__syncwarp(...);` and `sq_grid_sync(...);`, and with `fences` also
    `__threadfence();`. The empty statement stays, so a barrier that is a branch by itself can go.
    The label is the line's number and text.
    """
    dropped = []
    for match in BARRIER.finditer(source):
        start = source.rfind("\n", 0, match.start()) + 1
        line = source[start : source.find("\n", match.start())]
        fence = match[0].startswith("__threadfence")
        in_comment = "//" in source[start : match.start()]
        if in_comment or (fence and not fences) or _is_marked(line):
            continue
        label = f"line {source.count(chr(10), 0, start) + 1}: {line.strip()}"
        dropped.append((label, source[: match.start()] + ";" + source[match.end() :]))
    return dropped


def _is_marked(line: str) -> bool:
    """Whether the line gives a reason; a mark without one does not count."""
    _, mark, reason = line.partition(MARK)
    return bool(mark and reason.strip())


def surviving_barriers(
    source: str,
    names: Sequence[str],
    exercise: Callable[[EmulatedModule], None],
    *,
    prelude: str = "",
    options: Sequence[str] = (),
    orders: Sequence[str] = ("forward",),
    fences: bool = False,
) -> list[str]:
    """Labels of the barriers whose removal `exercise` does not notice.

    Parameters
    ----------
    exercise : launches the module's kernels and raises AssertionError on a wrong output; it must
        pass on the whole source, and does so here first, under every order.
    prelude : text in front of `source` whose own barriers stay, such as a header's
    orders : in which the mutated sources run. The race check needs no lucky order.

    Raises
    ------
    EmulatorError, AssertionError
        Where the whole source fails.
    """
    _run(EmulatedModule(prelude + source, names, options=options, shadow=True), exercise, ORDERS)
    survivors = []
    for label, mutated in drop_barriers(source, fences=fences):
        module = EmulatedModule(prelude + mutated, names, options=options, shadow=True)
        told = in_a_child(partial(_run, module, exercise, orders))
        if told == PASSED:
            survivors.append(label)
        elif "g++ refuses" in told or not told.startswith(NOTICED):
            raise EmulatorError(f"without {label}: {told}")  # it proves nothing
    return survivors


def _run(
    module: EmulatedModule, exercise: Callable[[EmulatedModule], None], orders: Sequence[str]
) -> None:
    for order in orders:
        with emulation(order=order, shadow=True):
            exercise(module)
