"""Doctor's look at the machine: ceilings in a child, presets by trial, who else is using it."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqbench.interfaces import Case, Env, Limits, StoreError, Trial
from seqbench.measure.load import FREQUENCIES, cpu_mhz, cpu_times, load_between

from ..artifacts import ArtifactCache
from ..environment import load_average, machine, usable_cores, versions
from ..launcher import run_trials
from ..store import TrialStore, read_json
from .findings import PRESETS, Facts, relevant_variables

TASKS = {"doctor_machine": "seqbench.experiments.tasks.doctor_machine:run"}
WATCH_S = 1.0
REPEATS = 5


@dataclass(frozen=True, slots=True)
class Examined:
    """description : machine, versions, BLAS, load; ceilings : name -> (value, unit)."""

    description: dict[str, Any]
    ceilings: dict[str, tuple[float, str]]
    facts: Facts


def examine(*, watch_s: float = WATCH_S, repeats: int = REPEATS) -> Examined:
    """Watch the machine while nothing runs, then measure its ceilings, and again as preset.

    Raises StoreError where the child that measures does not come back with them.
    """
    before = cpu_times()
    time.sleep(watch_s)
    load = load_between(before, cpu_times())
    ceilings, pools = _ceilings(Env(), repeats)
    preset = _preset_gemm(repeats)
    facts = Facts(
        variables=relevant_variables(),
        usable_cores=usable_cores(),
        gemm=ceilings["gemm_float32"][0],
        gemm_preset=preset,
        load=load,
        governors=_governors(),
        blas=tuple(pools),
    )
    description = {
        **machine(),
        "versions": versions(),
        "threadpools": pools,
        "load_average": load_average(),
        "cpu_mhz": cpu_mhz(),
        "other_cores": round(load.other_cores, 2) if load else None,
        "steal": round(load.steal, 3) if load else None,
    }
    return Examined(description, ceilings, facts)


def _preset_gemm(repeats: int) -> float | None:
    """GEMM's rate as the shell presets BLAS; None where it presets nothing."""
    if not any(name in os.environ for name in PRESETS):
        return None
    env = Env(blas_core=os.environ.get("OPENBLAS_CORETYPE"))
    return _ceilings(env, repeats)[0]["gemm_float32"][0]


def _ceilings(env: Env, repeats: int) -> tuple[dict[str, tuple[float, str]], list[dict[str, Any]]]:
    """The ceilings of one child in `env`, and its thread pools."""
    case = Case("doctor", "doctor_machine", {"repeats": repeats}, 0)
    trial = Trial(case, env=env, limits=Limits(120.0))
    with tempfile.TemporaryDirectory(prefix="seqbench-doctor-") as folder:
        store = TrialStore(Path(folder))
        run_trials([trial], store=store, tasks=TASKS, cache=ArtifactCache(folder))
        (record,) = store.read_all()
        if record.status != "done":
            raise StoreError(
                f"doctor: the process that measures the machine's ceilings {record.status}: "
                f"{record.error}; expected it to finish; run `seqbench check numpy`"
            )
        told = read_json(store.directory / "provenance.json") or {}
    pools = told.get(record.provenance, {}).get("threadpools", [])
    return {s.metric: (s.value, s.unit) for s in record.samples}, pools


def _governors() -> tuple[str, ...]:
    """Of every core; empty where the system does not tell."""
    found = set()
    for path in FREQUENCIES.glob("cpu*/cpufreq/scaling_governor"):
        try:
            found.add(path.read_text().strip())
        except OSError:
            continue
    return tuple(sorted(found))
