"""What runs inside a trial's process: isolation, the task, and the report of how it went.

The forked child and `run_inline` share `perform`; only the child is isolated.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from seqbench.interfaces.errors import (
    PluginUnavailableError,
    SeqbenchError,
    UnsupportedError,
    UsageError,
)
from seqbench.interfaces.records import Limits, Trial, TrialResult

from .artifacts import ArtifactCache
from .wire import encode, result_document, trial_from

REPORT_INTERVAL_S = 0.1
PR_SET_PDEATHSIG = 1
PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

Report = Callable[[float, str], None]
Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TrialContext:
    """What a task function gets beside its case.

    `report(fraction, message)` feeds the progress bar, at most ten times a second; do not call it
    inside a timed region. `artifacts` is the user's artifact cache.
    """

    trial: Trial
    directory: Path
    artifacts: ArtifactCache
    report: Report

    @property
    def limits(self) -> Limits:
        return self.trial.limits


def perform(target: str, context: TrialContext) -> Message:
    """Run `target(case, context)`: `{"result": …}`, or `{"fault": …}` with the status it means.

    SystemExit passes through: a task that exits has left no result.
    """
    try:
        result = load_task(target)(context.trial.case, context)
        if not isinstance(result, TrialResult):
            raise TypeError(
                f"task {target} returned {type(result).__name__}, expected TrialResult; "
                "return seqbench.interfaces.TrialResult(samples=[...])"
            )
        return {"result": result_document(result)}
    except SystemExit:
        raise
    except BaseException as error:
        return fault_of(error)


def load_task(target: str) -> Callable[..., Any]:
    """The function named by "module:function"."""
    module, _, name = target.partition(":")
    function: Callable[..., Any] | None = getattr(importlib.import_module(module), name, None)
    if function is None:
        raise UsageError(f"task {target!r}: no such function; expected 'module:function'")
    return function


def fault_of(error: BaseException) -> Message:
    """Status, one line for people, and the traceback of an exception."""
    text = str(error).strip() or "no message"
    named = text if isinstance(error, SeqbenchError) else f"{type(error).__name__}: {text}"
    return {
        "fault": {
            "status": _status_of(error),
            "error": named.splitlines()[0],
            "traceback": "".join(traceback.format_exception(error)),
        }
    }


def _status_of(error: BaseException) -> str:
    if isinstance(error, (UnsupportedError, PluginUnavailableError)):
        return "skipped"
    # torch's device error is a RuntimeError; its name is the only sign that needs no torch.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "oom"
    return "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"


def child_main(request: Mapping[str, Any], channel: int, zygote: int) -> NoReturn:
    """The whole life of a forked child; `channel` is the pipe to the command line."""
    code = 1
    try:
        die_with(zygote)
        message = _supervised(request, channel)
        write_all(channel, _encoded(message))
        code = 0
    except SystemExit as stop:
        code = _exit_code(stop)
    except BaseException:
        traceback.print_exc()
    finally:
        _flush()
        os._exit(code)


def _supervised(request: Mapping[str, Any], channel: int) -> Message:
    trial = trial_from(request["trial"])
    try:
        isolate(Path(request["log"]), trial.limits)
    except OSError as error:
        return fault_of(error)
    context = TrialContext(
        trial=trial,
        directory=Path(request["directory"]),
        artifacts=ArtifactCache(request["cache"]),
        report=_reporter(channel),
    )
    return perform(request["target"], context)


def _encoded(message: Message) -> bytes:
    try:
        return encode(message)
    except (TypeError, ValueError) as error:
        return encode(fault_of(error))


def isolate(log: Path, limits: Limits) -> None:
    """Own log, Python's own signals, limited memory; the zygote has prepared the rest."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    if limits.memory_bytes is not None:
        _limit_memory(limits.memory_bytes)


def _limit_memory(allowance: int) -> None:
    """Writable memory that the trial may map above what its zygote has loaded."""
    ceiling = _mapped_bytes() + allowance
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard != resource.RLIM_INFINITY:
        ceiling = min(ceiling, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (ceiling, hard))


def _mapped_bytes() -> int:
    """VmData of this process; 0 where there is no /proc."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return int(status.partition("VmData:")[2].split()[0]) * 1024


def die_with(parent: int) -> None:
    """Be killed when `parent` dies (Linux; elsewhere the command line kills the group)."""
    if PRCTL is not None:
        PRCTL(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _reporter(channel: int) -> Report:
    last = 0.0

    def report(fraction: float, message: str = "") -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= REPORT_INTERVAL_S:
            last = now
            write_all(channel, encode({"progress": [float(fraction), str(message)]}))

    return report


def write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _exit_code(stop: SystemExit) -> int:
    """What Python itself would exit with; a text goes to the log."""
    if stop.code is None:
        return 0
    if isinstance(stop.code, int):
        return stop.code & 0xFF
    print(stop.code, file=sys.stderr)
    return 1


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # a full disk, a closed stream
            stream.flush()
