"""A slim process with one environment that forks a child for each trial.

The supervisor starts it with the variables of one `Env` and calls `main` in it with the
descriptor of a socket and two comma-separated lists of modules. Messages are JSON lines:

    in   {"run": id, …request}  with one descriptor, the pipe for the child's report
         {"kill": id}
    out  {"ready": pid, "threadpools": […]}
         {"started": id, "pid": pid}
         {"exited": id, "code": code}      negative: the signal's number

When the socket closes (the command line is gone), every child's group is killed. Numerical code
never runs here: a thread pool started before a fork would not survive it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import os
import resource
import selectors
import signal
import socket
import sys
from collections import deque
from collections.abc import Sequence
from typing import Any

from .child import child_main
from .wire import LineReader, encode

NOT_BEFORE_FORK = ("torch", "jax", "cupy")
RECEIVE_BYTES = 1 << 16
RECEIVE_FDS = 16


class Zygote:
    """Serves one control socket until it closes."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lines = LineReader()
        self._pipes: deque[int] = deque()
        self._children: dict[int, int] = {}  # pid -> id
        self._wake, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._wake.setblocking(False)

    def serve(self) -> None:
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            while self._receive(selector.select()):
                self._reap()
        for pid in self._children:
            kill_group(pid)

    def _receive(self, ready: list[Any]) -> bool:
        """Obey what came in; False once the command line has gone."""
        sources = [key.fileobj for key, _ in ready]
        if self._wake in sources:
            self._wake.recv(RECEIVE_BYTES)
        if self._control not in sources:
            return True
        data, pipes, _, _ = socket.recv_fds(self._control, RECEIVE_BYTES, RECEIVE_FDS)
        self._pipes.extend(pipes)
        for message in self._lines.feed(data):
            self._obey(message)
        return bool(data)

    def _obey(self, message: dict[str, Any]) -> None:
        if "kill" in message:
            for pid, identity in self._children.items():
                if identity == message["kill"]:
                    kill_group(pid)
            return
        pid = self._fork(message, self._pipes.popleft())
        self._children[pid] = message["run"]
        self._send({"started": message["run"], "pid": pid})

    def _fork(self, request: dict[str, Any], pipe: int) -> int:
        zygote = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            for inherited in (self._control, self._wake, self._waker):
                inherited.close()
            os.set_inheritable(pipe, False)
            child_main(request, pipe, zygote)
        with contextlib.suppress(OSError):  # both sides set it: whoever comes first
            os.setpgid(pid, pid)
        os.close(pipe)
        return pid

    def _reap(self) -> None:
        """Tell which children ended, once nothing is left of their groups."""
        while self._children:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return
            kill_group(ended.si_pid)  # its own children; the zombie still holds the number
            _, status = os.waitpid(ended.si_pid, 0)
            identity = self._children.pop(ended.si_pid)
            self._send({"exited": identity, "code": os.waitstatus_to_exitcode(status)})

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # told by the next read
            self._control.sendall(encode(message))


def kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def preload(modules: Sequence[str], task_modules: Sequence[str]) -> None:
    """Import before the first fork. A task module that fails here fails again in its trial."""
    for module in modules:
        importlib.import_module(module)
    for module in task_modules:
        with contextlib.suppress(Exception):
            importlib.import_module(module)
    early = [name for name in NOT_BEFORE_FORK if name in sys.modules]
    if early:
        raise SystemExit(
            f"zygote: preloading {', '.join([*modules, *task_modules])} imported "
            f"{', '.join(early)}, which does not survive a fork; import it inside the task"
        )


def threadpools() -> list[dict[str, Any]]:
    """BLAS and OpenMP of this environment: library, version, core, number of threads."""
    from threadpoolctl import threadpool_info

    return [{k: v for k, v in pool.items() if k != "filepath"} for pool in threadpool_info()]


def main(arguments: Sequence[str]) -> None:
    control = socket.socket(fileno=int(arguments[0]))
    control.set_inheritable(False)
    faulthandler.enable()  # a child that crashes leaves its stack in its log
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    modules, task_modules = ([m for m in text.split(",") if m] for text in arguments[1:3])
    preload(modules, task_modules)
    control.sendall(encode({"ready": os.getpid(), "threadpools": threadpools()}))
    gc.collect()
    gc.freeze()  # children share these pages instead of copying them
    Zygote(control).serve()
    os._exit(0)
