"""A check of the checks: without any one of its barriers, a kernel must be seen to fail.

`surviving_barriers` removes every barrier of a source in turn and runs the kernels. A barrier whose
removal nothing notices is either untested or needless. A needless one that stays (it is cheap and
makes the code plain) says so in its line, or in a comment above it: `// not needed alone: REASON`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from child import PASSED, in_a_child
from emulator import ORDERS, EmulatedModule, EmulatorError, emulation

BARRIER = re.compile(
    r"(?<![\w.])(?:__syncthreads|__syncwarp|__threadfence|sq_grid_sync(?:_by_counter)?)"
    r"\s*\([^();]*(?:\([^()]*\)[^();]*)*\)\s*;"
)
MARK = "// not needed alone:"
NOTICED = ("AssertionError", "CheckFailure", "EmulatorError", "signal")
"""How a child tells that a barrier was missed: a wrong output, a finding, a crash."""

_PLACE = re.compile(r'#line (\d+) "([^"]+)"')


class Barrier(NamedTuple):
    """One barrier of a source.

    file, line, text : where it stands, by the source's #line directives, and its line
    reason : why it is not needed alone, or ""
    dropped : the source without it; an empty statement stays, so that a branch may be one
    """

    file: str
    line: int
    text: str
    reason: str
    dropped: str

    @property
    def is_fence(self) -> bool:
        return "__threadfence" in self.text

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def barriers(source: str) -> list[Barrier]:
    """Every barrier statement of `source`, fences and those with a mark among them."""
    found = []
    file, number, offset, above = "", 0, 0, ""
    for line in source.splitlines(keepends=True):
        if place := _PLACE.match(line):
            number, file = int(place[1]) - 1, place[2]
        else:
            number += 1
            for match in BARRIER.finditer(line.partition("//")[0]):
                start, end = offset + match.start(), offset + match.end()
                reason = reason_of(line) or (reason_of(above) if _is_comment(above) else "")
                dropped = source[:start] + ";" + source[end:]
                found.append(Barrier(file, number, line.strip(), reason, dropped))
            above = line
        offset += len(line)
    return found


def reason_of(line: str) -> str:
    """What the line's mark says; a mark without a reason does not count."""
    return line.partition(MARK)[2].strip()


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("//")


def drop_barriers(source: str, *, fences: bool = False) -> list[tuple[str, str]]:
    """`(label, source without that barrier)` for every unmarked barrier statement of `source`.

    `__syncthreads();`, `__syncwarp(...);` and `sq_grid_sync(...);`, and with `fences` also
    `__threadfence();`. The label is the line's number and text.
    """
    return [
        (f"line {barrier.line}: {barrier.text}", barrier.dropped)
        for barrier in barriers(source)
        if not barrier.reason and (fences or not barrier.is_fence)
    ]


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
        if not is_noticed(partial(_run, module, exercise, orders), label):
            survivors.append(label)
    return survivors


def is_noticed(run: Callable[[], object], label: str) -> bool:
    """Whether running without the barrier `label` fails as a missed barrier does.

    Raises
    ------
    EmulatorError
        Where it fails otherwise, which proves nothing.
    """
    told = in_a_child(run)
    if told == PASSED:
        return False
    if "g++ refuses" in told or not told.startswith(NOTICED):
        raise EmulatorError(f"without {label}: {told}")
    return True


def _run(
    module: EmulatedModule, exercise: Callable[[EmulatedModule], None], orders: Sequence[str]
) -> None:
    for order in orders:
        with emulation(order=order, shadow=True):
            exercise(module)
