"""What is set wrongly on a machine: facts in, findings with a next step out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seqbench.measure.load import MachineLoad

SLOW_CORE = 0.9
"""GEMM below this share of what OpenBLAS reaches by its own choice is held back by a preset."""
OTHERS = 0.1
"""Cores that others may use while this process only waits."""
STEAL = 0.02
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
PRESETS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


@dataclass(frozen=True, slots=True)
class Facts:
    """What was looked at.

    gemm : GFLOP/s of one thread as OpenBLAS chooses; gemm_preset : with the shell's presets, None
    without any; load : while this process waited, None where it cannot be told; governors : of the
    cores' clocks
    """

    variables: Mapping[str, str]
    usable_cores: int
    gemm: float
    gemm_preset: float | None = None
    load: MachineLoad | None = None
    governors: tuple[str, ...] = ()
    blas: tuple[Mapping[str, Any], ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong and what to do; `name` is a short word for it."""

    name: str
    told: str
    next_step: str


def findings(facts: Facts) -> list[Finding]:
    """Everything that is set wrongly, the gravest first; empty where nothing is."""
    checks = (_preset, _threads, _neighbour, _stolen, _governor, _no_blas)
    return [found for check in checks if (found := check(facts)) is not None]


def _preset(facts: Facts) -> Finding | None:
    """A BLAS core or cache size from the shell, by what it does to GEMM."""
    named = [f"{name}={facts.variables[name]}" for name in PRESETS if name in facts.variables]
    if not named or facts.gemm_preset is None or facts.gemm_preset >= SLOW_CORE * facts.gemm:
        return None
    return Finding(
        "blas preset",
        f"{' '.join(named)} holds GEMM at {facts.gemm_preset:.0f} of {facts.gemm:.0f} GFLOP/s "
        f"({facts.gemm_preset / facts.gemm:.2f}x)",
        f"unset {' '.join(name for name in PRESETS if name in facts.variables)} in the shell; "
        "`seqbench run` leaves it out by itself, other programs that you compare with do not",
    )


def _threads(facts: Facts) -> Finding | None:
    asked = {
        name: int(value)
        for name in THREAD_VARIABLES
        if (value := facts.variables.get(name, "")).isdecimal()
    }
    over = {name: count for name, count in asked.items() if count > facts.usable_cores}
    if not over:
        return None
    told = ", ".join(f"{name}={count}" for name, count in over.items())
    return Finding(
        "threads",
        f"{told}, but this process may use {facts.usable_cores} cores",
        f"set it to at most {facts.usable_cores}; `seqbench run` pins backend.threads by itself",
    )


def _neighbour(facts: Facts) -> Finding | None:
    if facts.load is None or facts.load.other_cores <= OTHERS:
        return None
    return Finding(
        "busy neighbour",
        f"others use {facts.load.other_cores:.1f} of {facts.load.cores} cores while nothing is "
        "measured",
        "stop them before times are measured (`top` names them); rows say so where it happens",
    )


def _stolen(facts: Facts) -> Finding | None:
    if facts.load is None or facts.load.steal <= STEAL:
        return None
    return Finding(
        "stolen time",
        f"the hypervisor takes {facts.load.steal:.0%} of the time for other machines",
        "measure on a dedicated machine, or with more rounds and at another hour",
    )


def _governor(facts: Facts) -> Finding | None:
    slow = sorted({name for name in facts.governors if name not in ("performance", "schedutil")})
    if not slow:
        return None
    return Finding(
        "clock governor",
        f"the cores' clock is governed by {', '.join(slow)}, which follows the load late",
        "`cpupower frequency-set -g performance` where you may; else warm up longer",
    )


def _no_blas(facts: Facts) -> Finding | None:
    if any(pool.get("user_api") == "blas" for pool in facts.blas) or not facts.blas:
        return None
    return Finding(
        "no BLAS",
        "NumPy has no BLAS that threadpoolctl knows, so rows cannot name its core and threads",
        "install NumPy from the package index, which brings OpenBLAS",
    )


def relevant_variables() -> dict[str, str]:
    """Of the shell: what decides about threads and BLAS."""
    names = (*PRESETS, *THREAD_VARIABLES)
    return {name: os.environ[name] for name in names if name in os.environ}
