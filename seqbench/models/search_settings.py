"""The knobs of a search, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import Backend, RangeError, unknown_name
from seqbench.kernels.beam_select import STOPS
from seqbench.kernels.length_penalty import check_penalty


def check_count(operation: str, name: str, value: Any) -> None:
    """Raise unless `value` is an integer of at least 1."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise RangeError(
            f"{operation}: {name} is {value!r}, expected an integer of at least 1; "
            f"set {name}=1 or more"
        )


POLL_ON_DEVICE = 16
"""Steps between looks at a device's done flags: a look waits for it, a step too many is cheap."""


def polling(operation: str, poll_every: int | None, backend: Backend) -> int:
    """Steps between looks at the done flags: as asked for, else 16 on a GPU and 1 on the host."""
    if poll_every is None:
        return POLL_ON_DEVICE if backend.device.kind == "gpu" else 1
    check_count(operation, "poll_every", poll_every)
    return poll_every


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """width K; max_length counts EOS; the done flag is read back every `poll_every` steps."""

    width: int
    max_length: int
    alpha: float = 0.0
    penalty: str = "power"
    stop: str = "filled"
    n_best: int = 1
    poll_every: int = 1

    def checked(self, operation: str) -> SearchSettings:
        """These settings, or RangeError or UnknownNameError with the one that is off."""
        for name in ("width", "max_length", "n_best", "poll_every"):
            check_count(operation, name, getattr(self, name))
        check_penalty(operation, self.penalty, self.alpha)
        if self.stop not in STOPS:
            raise unknown_name("stop rule", self.stop, STOPS)
        if self.n_best > self.width:
            raise RangeError(
                f"{operation}: n_best is {self.n_best}, expected at most width = {self.width}; "
                "widen the beam"
            )
        return self

    def ask(self, step: int) -> bool:
        """Whether to read the done flags after this step."""
        return (step + 1) % self.poll_every == 0
