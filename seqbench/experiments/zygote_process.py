"""The command line's handle on one zygote: its environment, its socket, its end."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqbench.interfaces.records import Env

from .wire import LineReader, encode

# The zygote sees the modules that we see, or those of another revision, and its own children
# inherit no variable for it.
START = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from seqbench.experiments.zygote import main
main(sys.argv[2:])
"""
CLOSE_S = 5.0
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
BLAS_VARIABLES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Presets of a shell that change how fast OpenBLAS is; `Env.blas_core` alone may set the first."""


class ZygoteProcess:
    """One running zygote and its control socket."""

    def __init__(
        self, env: Env, log: Path, task_modules: list[str], path: list[str] | None = None
    ) -> None:
        self.env = env
        self.log = log
        self.provenance = ""
        self.lines = LineReader()
        self.control, theirs = socket.socketpair()
        command = [sys.executable, "-P", "-c", START, json.dumps(path or sys.path)]
        with theirs, log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, str(theirs.fileno()), ",".join(env.preload), ",".join(task_modules)],
                env=environment_of(env),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C on the terminal is the command line's to handle
            )

    def send(self, message: Mapping[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        """A zygote that has died is told by its socket's end of file, not here."""
        data = encode(message)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sent = socket.send_fds(self.control, [data], descriptors)
            self.control.sendall(data[sent:])

    def close(self) -> None:
        """End it and, with it, its children."""
        self.control.close()
        try:
            self.process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def environment_of(env: Env) -> dict[str, str]:
    """The variables of a zygote: thread counts pinned, the BLAS core as `env` says."""
    variables = {k: v for k, v in os.environ.items() if k not in BLAS_VARIABLES}
    variables |= dict.fromkeys(THREAD_VARIABLES, str(env.threads))
    if env.blas_core is not None:
        variables["OPENBLAS_CORETYPE"] = env.blas_core
    return variables
