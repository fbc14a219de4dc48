"""Mutants of CUDA sources: one piece of a `.cu` changed, and the conformance suite must go red.

    CudaMutant("losses.cu", "a.sum * sq_exp(", "b.sum * sq_exp(", "loss/softmax_cross_entropy")

`old` must occur exactly once in the source as it is compiled, its includes among it.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from child import PASSED, in_a_child
from compiling import every_source
from emulated import made
from emulated_runtime import EmulatedRuntime
from emulator import EmulatedModule, emulation
from seqbench_cupy.backend import CupyBackend
from seqbench_cupy.sources import CudaSource, source_text

import seqbench
from seqbench.interfaces import Implementation
from seqbench.testing.checks import checks_for


@dataclass(frozen=True)
class CudaMutant:
    """One change that a check must notice; `key` is the contract that the source serves."""

    file: str
    old: str
    new: str
    key: str
    impl_id: str | None = None

    def __str__(self) -> str:
        return f"{self.file}: {' '.join(self.new.split())[:60]}"

    def implementation(self) -> Implementation:
        """The plugin's implementation over the changed source."""
        registry = seqbench.registry()
        kind, _, name = self.key.partition("/")
        specs = registry.implementations(kind, name, "cupy")
        spec = next(s for s in specs if self.impl_id in (None, s.impl_id))
        module, _, attribute = spec.target.partition(":")
        target = getattr(importlib.import_module(module), attribute)
        sources = every_source()[self.file]
        # A plan that names its source uses no other of that file.
        named = getattr(target.plan_type, "source", None)
        used = [named] if named in sources else sources
        return made(registry, kind, name, spec, CupyBackend(MutatedRuntime(self, used)))

    @property
    def text(self) -> str:
        """The changed source."""
        text = source_text(self.file)
        count = text.count(self.old)
        if count != 1:
            raise LookupError(
                f"mutant of {self.file}: {self.old!r} occurs {count} times, expected once; "
                "the source moved on: bring the mutant up to date"
            )
        return text.replace(self.old, self.new)

    def run(self) -> None:
        """Raises AssertionError where a check or the emulator finds the change.

        Every access is checked: a mutant may write where nothing of its own lies.
        """
        implementation = self.implementation()
        with emulation(shadow=True):
            for check in checks_for(implementation):
                check(implementation)


def is_found(mutant: CudaMutant) -> bool:
    """Whether a check fails, or the kernel breaks its process; anything else is raised."""
    told = in_a_child(mutant.run)
    if told == PASSED:
        return False
    if told.startswith(("AssertionError", "CheckFailure", "signal")):
        return True
    raise LookupError(told)


class MutatedRuntime(EmulatedRuntime):
    """The emulator over a changed source, which is compiled at once: it must be a program."""

    def __init__(self, mutant: CudaMutant, sources: list[CudaSource]) -> None:
        super().__init__()
        self._modules |= {
            id(source): EmulatedModule(mutant.text, source.names) for source in sources
        }
