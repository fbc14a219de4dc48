"""What a check is: a function of (implementation, case), and the cases it is run on."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqbench.interfaces import Contract, Implementation, UnsupportedError

from .cases import SIZES, InputCase, cases
from .comparing import TOLERANCES, CheckFailure
from .running import require_served
from .trees import named_arrays

Body = Callable[[Implementation, InputCase], None]


def host_dtypes() -> tuple[str, ...]:
    """What host cases can be made in: NumPy has a bfloat16 where ml_dtypes is installed."""
    try:
        importlib.import_module("ml_dtypes")
    except ImportError:
        return tuple(name for name in TOLERANCES if name != "bfloat16")
    return tuple(TOLERANCES)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of a check that found nothing: on how many cases it ran, and which were refused and why."""

    ran: int
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """`check(impl)` raises CheckFailure at the smallest case that fails.

    name : what reports and known failures call it
    applies : contract -> whether it has a meaning there
    dtypes : only these; None for all that the implementation has
    sizes : only these cases; `once` stops after the first case
    """

    name: str
    body: Body
    applies: Callable[[Contract], bool]
    dtypes: tuple[str, ...] | None = None
    sizes: tuple[str, ...] = SIZES
    once: bool = False

    def __call__(self, impl: Implementation) -> Outcome:
        """Run it on every case that the implementation serves."""
        ran, refused = 0, []
        for case in self.cases(impl):
            try:
                self._run(impl, case)
            except UnsupportedError as reason:
                refused.append(f"{case}: {reason}")
                continue
            ran += 1
            if self.once:
                break
        return Outcome(ran, tuple(refused))

    def _run(self, impl: Implementation, case: InputCase) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)
                # BLAS kernels compute on lanes that they do not store, whatever lies there.
                warnings.filterwarnings("ignore", ".* encountered in matmul", RuntimeWarning)
                require_served(impl, case)
                self.body(impl, case)
        except UnsupportedError:
            raise
        except CheckFailure as failure:
            raise CheckFailure(self._told(impl, case, str(failure))) from failure
        except Exception as error:
            told = f"raised {type(error).__name__}: {error}"
            raise CheckFailure(self._told(impl, case, told)) from error

    def cases(self, impl: Implementation) -> Iterator[InputCase]:
        """By dtype as the implementation lists them, smallest first."""
        for dtype in impl.dtypes:
            if dtype in host_dtypes() and (self.dtypes is None or dtype in self.dtypes):
                yield from sorted(cases(impl.contract, self.sizes, dtype=dtype), key=_numbers)

    def _told(self, impl: Implementation, case: InputCase, what: str) -> str:
        return f"{self.name} of {impl.impl_id} on {case} ({_summary(case)}): {what}"


def _numbers(case: InputCase) -> int:
    """How many numbers a case holds; an empty batch comes last, it fails for reasons of its own."""
    sizes = [array.size for _, array in named_arrays((case.params, case.inputs))]
    return sum(sizes) if case.size != "empty" else np.iinfo(np.int64).max


def _summary(case: InputCase) -> str:
    """Shapes of the inputs, and short integer vectors in full."""
    parts = []
    for name, array in named_arrays(case.inputs):
        short = array.dtype.kind in "iu" and array.ndim == 1 and array.size <= 8
        parts.append(f"{name} {array.tolist() if short else array.shape}")
    return ", ".join(parts)


CHECKS: list[Check] = []


def check(
    applies: Callable[[Contract], bool] = lambda contract: True, **options: Any
) -> Callable[[Body], Check]:
    """Register `body(impl, case)` as a check named like the function."""

    def register(body: Body) -> Check:
        made = Check(body.__name__, body, applies, **options)
        CHECKS.append(made)
        return made

    return register
