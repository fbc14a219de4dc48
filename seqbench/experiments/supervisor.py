"""The command line's side of the children: starts zygotes, watches, kills, tells how trials ended.

One thread, one selector: nothing here computes, so trials are disturbed as little as possible.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from seqbench.interfaces.records import Env, Trial, digest

from .store import TrialStore
from .wire import LineReader, trial_document
from .zygote_process import ZygoteProcess

ZYGOTE_START_S = 120.0
READ_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Ended:
    """How a trial's process came to its end.

    `message` is the child's last word (`result` or `fault`), `code` its exit code (negative: a
    signal; None: its zygote died), `killed` why we killed it ("timeout", "interrupted", or "").
    """

    trial: Trial
    message: Mapping[str, Any] | None
    code: int | None
    killed: str
    started_at: str
    wall_s: float
    out_of_memory: bool
    provenance: str
    log: Path
    zygote_log: Path


@dataclass(slots=True)
class Child:
    """A trial in flight."""

    trial: Trial
    log: Path
    zygote: ZygoteProcess
    pipe: int
    deadline: float
    started_at: str
    began: float = field(default_factory=time.monotonic)
    pid: int | None = None
    killed: str = ""
    lines: LineReader = field(default_factory=LineReader)
    message: Mapping[str, Any] | None = None


class Supervisor:
    """Starts trials and waits for what happens to them.

    `on_progress(trial, fraction, message)` hears from running children; `describe(env,
    threadpools)` is called once a zygote and returns the key of its provenance. `path` is where its
    zygotes import from, by default where we do.
    """

    def __init__(
        self,
        store: TrialStore,
        tasks: Mapping[str, str],
        cache: Path,
        *,
        on_progress: Callable[[Trial, float, str], None],
        describe: Callable[[Env, list[dict[str, Any]]], str],
        wake: socket.socket | None = None,
        path: list[str] | None = None,
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._cache = cache
        self._on_progress = on_progress
        self._describe = describe
        self._wake = wake
        self._path = path
        self._zygotes: dict[Env, ZygoteProcess] = {}
        self._children: dict[int, Child] = {}
        self._count = 0
        self._oom_kills = oom_kills()
        self._selector = selectors.DefaultSelector()
        if wake is not None:
            self._selector.register(wake, selectors.EVENT_READ, None)

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children.values():
            os.close(child.pipe)
        for zygote in self._zygotes.values():
            zygote.close()
        self._selector.close()

    @property
    def running(self) -> list[Trial]:
        return [child.trial for child in self._children.values()]

    def start(self, key: str, trial: Trial) -> None:
        """Ask the trial's zygote for a child; the zygote is started where there is none."""
        log = self._store.log_path(key)
        log.unlink(missing_ok=True)  # of an earlier attempt
        zygote = self._zygote(trial.env)
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self._count += 1
        child = Child(
            trial=trial,
            log=log,
            zygote=zygote,
            pipe=reading,
            deadline=time.monotonic() + ZYGOTE_START_S,
            started_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )
        self._children[self._count] = child
        self._selector.register(reading, selectors.EVENT_READ, child)
        try:
            zygote.send(self._request(self._count, child), (writing,))
        finally:
            os.close(writing)

    def _request(self, identity: int, child: Child) -> dict[str, Any]:
        return {
            "run": identity,
            "trial": trial_document(child.trial),
            "target": self._tasks[child.trial.case.task],
            "directory": str(self._store.directory),
            "cache": str(self._cache),
            "log": str(child.log),
        }

    def _zygote(self, env: Env) -> ZygoteProcess:
        if env not in self._zygotes:
            log = self._store.logs / f"zygote-{digest(repr(env), 8)}.log"
            modules = sorted({target.partition(":")[0] for target in self._tasks.values()})
            zygote = ZygoteProcess(env, log, modules, self._path)
            self._zygotes[env] = zygote
            self._selector.register(zygote.control, selectors.EVENT_READ, zygote)
        return self._zygotes[env]

    def wait(self) -> list[Ended]:
        """Sleep until something happens; the trials that ended. May return none."""
        zygotes = []
        for key, _ in self._selector.select(self._patience()):
            if isinstance(key.data, ZygoteProcess):
                zygotes.append(key.data)
            elif isinstance(key.data, Child):
                self._listen(key.data)
            elif self._wake is not None:
                self._wake.recv(READ_BYTES)
        # Zygotes last: they end children, whose pipes may be in the same selection.
        ended = [end for zygote in zygotes for end in self._hear(zygote)]
        self._kill_late()
        return ended

    def _patience(self) -> float | None:
        deadlines = [c.deadline for c in self._children.values() if not c.killed]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _kill_late(self) -> None:
        now = time.monotonic()
        for identity, child in self._children.items():
            if child.deadline <= now and not child.killed:
                if child.pid is None:
                    child.zygote.process.kill()  # it never forked: its death is the trial's
                self._kill(identity, "timeout" if child.pid is not None else "zygote")

    def kill_all(self, why: str) -> None:
        """SIGKILL every running trial's group; `wait` then tells their ends."""
        for identity, child in self._children.items():
            if not child.killed:
                self._kill(identity, why)

    def _kill(self, identity: int, why: str) -> None:
        child = self._children[identity]
        child.killed = why
        child.zygote.send({"kill": identity})

    def _hear(self, zygote: ZygoteProcess) -> list[Ended]:
        """What a zygote says of its children; all of them end with it when it dies."""
        try:
            data = zygote.control.recv(READ_BYTES)
        except ConnectionResetError:
            data = b""
        if not data:
            return self._bury(zygote)
        ended = []
        for message in zygote.lines.feed(data):
            if "ready" in message:
                zygote.provenance = self._describe(zygote.env, message["threadpools"])
            elif "started" in message:
                self._started(self._children[message["started"]], message["pid"])
            else:
                ended.append(self._end(message["exited"], message["code"]))
        return ended

    def _started(self, child: Child, pid: int) -> None:
        child.pid = pid
        child.began = time.monotonic()
        child.deadline = child.began + child.trial.limits.timeout_s

    def _bury(self, zygote: ZygoteProcess) -> list[Ended]:
        self._selector.unregister(zygote.control)
        del self._zygotes[zygote.env]
        zygote.close()
        orphans = [i for i, c in self._children.items() if c.zygote is zygote]
        for identity in orphans:
            pid = self._children[identity].pid
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
        return [self._end(identity, None) for identity in orphans]

    def _listen(self, child: Child) -> None:
        """Read what a child has written so far; its last word is kept."""
        while True:
            try:
                data = os.read(child.pipe, READ_BYTES)
            except BlockingIOError:
                return
            if not data:
                self._unregister(child)
                return
            self._take(child, data)

    def _take(self, child: Child, data: bytes) -> None:
        try:
            messages = child.lines.feed(data)
        except ValueError as error:
            child.message = {"fault": _garbled(error)}
            return
        for message in messages:
            if "progress" in message:
                self._on_progress(child.trial, *message["progress"])
            else:
                child.message = message

    def _unregister(self, child: Child) -> None:
        with contextlib.suppress(KeyError):  # its end of file was seen before
            self._selector.unregister(child.pipe)

    def _end(self, identity: int, code: int | None) -> Ended:
        child = self._children.pop(identity)
        wall_s = time.monotonic() - child.began
        self._listen(child)  # what it wrote before it died
        self._unregister(child)
        os.close(child.pipe)
        return Ended(
            trial=child.trial,
            message=child.message,
            code=code,
            killed=child.killed,
            started_at=child.started_at,
            wall_s=wall_s,
            out_of_memory=code == -signal.SIGKILL and self._new_oom_kill(),
            provenance=child.zygote.provenance,
            log=child.log,
            zygote_log=child.zygote.log,
        )

    def _new_oom_kill(self) -> bool:
        before, self._oom_kills = self._oom_kills, oom_kills()
        return self._oom_kills > before


def _garbled(error: ValueError) -> dict[str, str]:
    return {
        "status": "failed",
        "error": f"the child's report cannot be read ({error}); does the task write to "
        "descriptors that it did not open?",
        "traceback": "",
    }


def oom_kills() -> int:
    """Processes that the kernel has killed for memory since boot; 0 where it does not say."""
    try:
        text = Path("/proc/vmstat").read_text()
    except OSError:
        return 0
    return int(text.partition("\noom_kill ")[2].split("\n")[0] or 0)
