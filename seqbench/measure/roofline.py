"""The least time a kernel can take on this machine, by its formulas and the measured ceilings.

Products and nonlinearities run on the same units of a core, one after the other; memory traffic and
the calls of a dependent chain hide behind them. So the *limit* is the largest of

    compute + transcendental    (FLOP - transcendentals) / GEMM rate + transcendentals x best ns
    memory                      compulsory bytes / copy rate of a working set of that size
    launch                      dependent steps x one call

and what *binds* is the largest term in it. A share of the limit of 1 is the best there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqbench.interfaces import Contract, Sample

from .ceilings import Ceilings

BINDS = ("compute", "memory", "transcendental", "launch")


@dataclass(frozen=True, slots=True)
class Roof:
    """Seconds that each of the machine's limits asks for."""

    compute_s: float
    memory_s: float
    transcendental_s: float
    launch_s: float

    @property
    def limit_s(self) -> float:
        return max(self.compute_s + self.transcendental_s, self.memory_s, self.launch_s)

    @property
    def binds(self) -> str:
        """One of BINDS."""
        if self.limit_s == self.launch_s:
            return "launch"
        if self.limit_s == self.memory_s:
            return "memory"
        return "compute" if self.compute_s >= self.transcendental_s else "transcendental"

    def samples(self, seconds: float) -> list[Sample]:
        """The limits, and the share of them that a measured time of `seconds` reaches."""
        parts = zip(
            BINDS,
            (self.compute_s, self.memory_s, self.transcendental_s, self.launch_s),
            strict=True,
        )
        found = [Sample(f"limit_{name}", value, "s", "none") for name, value in parts]
        share = Sample("share_of_limit", self.limit_s / seconds, "fraction", "higher")
        return [*found, Sample("limit", self.limit_s, "s", "none"), share]


def roof_of(
    contract: Contract, dims: Any, *, grad: bool, itemsize: int, ceilings: Ceilings
) -> Roof:
    """The limits of forward, or with `grad` of forward and backward together."""
    transcendentals = transcendentals_of(contract, dims, grad)
    moved = contract.bytes(dims, grad, itemsize)
    products = max(0, contract.flops(dims, grad) - transcendentals)
    steps = (1 if contract.steps is None else contract.steps(dims)) * (2 if grad else 1)
    return Roof(
        compute_s=products / (ceilings.gemm_gflops * 1e9),
        memory_s=moved / (ceilings.copy_rate(moved) * 1e9),
        transcendental_s=transcendentals * min(ceilings.tanh_ns, ceilings.exp_ns) * 1e-9,
        launch_s=steps * ceilings.call_us * 1e-6,
    )


def transcendentals_of(contract: Contract, dims: Any, grad: bool) -> int:
    """By the contract's formula; 0 for one that has none."""
    return 0 if contract.transcendentals is None else contract.transcendentals(dims, grad)
