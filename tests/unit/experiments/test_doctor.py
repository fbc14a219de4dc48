"""What doctor finds wrong, how it takes turns, and what it certifies."""

from __future__ import annotations

import json

import numpy as np
import pytest

from seqbench.experiments.doctor import certificate, findings, interleaved, machine
from seqbench.experiments.doctor.cells import Cell, all_cells, chosen_cells
from seqbench.experiments.doctor.certificate import certify, document_of, write_certificate
from seqbench.experiments.doctor.findings import Facts
from seqbench.experiments.doctor.interleaved import Twice, plan_twice, time_twice
from seqbench.experiments.environment import machine_id
from seqbench.interfaces import UsageError
from seqbench.measure.load import MachineLoad
from seqbench.measure.workloads import default_sizes
from seqbench.registry import registry


def found(**facts):
    told = findings.findings(Facts(**{"variables": {}, "usable_cores": 2, "gemm": 200.0, **facts}))
    return {one.name: f"{one.told}; {one.next_step}" for one in told}


def test_a_machine_that_is_set_right():
    quiet = MachineLoad(2, 0.0, 0.05, 0.0)
    assert found(load=quiet, governors=("performance",), blas=({"user_api": "blas"},)) == {}


def test_a_preset_that_halves_the_speed_is_told_by_what_it_does():
    preset = {"OPENBLAS_CORETYPE": "Haswell"}
    told = found(variables=preset, gemm_preset=110.0)
    assert told["blas preset"].startswith(
        "OPENBLAS_CORETYPE=Haswell holds GEMM at 110 of 200 GFLOP/s (0.55x); unset OPENBLAS_CORE"
    )
    assert found(variables=preset, gemm_preset=195.0) == {}  # it does no harm
    assert found(variables={}, gemm_preset=None) == {}


def test_more_threads_than_cores():
    variables = {"OMP_NUM_THREADS": "8", "MKL_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "x"}
    assert found(variables=variables)["threads"] == (
        "OMP_NUM_THREADS=8, but this process may use 2 cores; set it to at most 2; "
        "`seqbench run` pins backend.threads by itself"
    )


def test_a_busy_neighbour_and_stolen_time():
    told = found(load=MachineLoad(2, 0.0, 1.2, 0.08))
    assert told["busy neighbour"].startswith("others use 1.2 of 2 cores while nothing is measured")
    assert told["stolen time"].startswith("the hypervisor takes 8% of the time")


def test_a_clock_that_follows_late_and_no_blas():
    assert (
        "governed by powersave" in found(governors=("powersave", "performance"))["clock governor"]
    )
    assert "no BLAS" in found(blas=({"user_api": "openmp"},))


def test_relevant_variables_are_those_of_threads_and_blas(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    told = findings.relevant_variables()
    assert (told["OPENBLAS_CORETYPE"], told["MKL_NUM_THREADS"]) == ("Haswell", "3")


def test_presets_are_tried_in_a_child_of_their_own(monkeypatch):
    asked = []

    def ceilings(env, repeats):
        asked.append(env.blas_core)
        return {"gemm_float32": (100.0 if env.blas_core else 200.0, "GFLOP/s")}, []

    monkeypatch.setattr(machine, "_ceilings", ceilings)
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    told = machine.examine(watch_s=0.0)
    assert asked == [None, "Haswell"]
    assert (told.facts.gemm, told.facts.gemm_preset) == (200.0, 100.0)
    for name in findings.PRESETS:
        monkeypatch.delenv(name, raising=False)
    assert machine.examine(watch_s=0.0).facts.gemm_preset is None


# -- turns -----------------------------------------------------------------------------------------


def test_there_are_more_than_a_hundred_cells_and_all_can_be_drawn():
    cells = all_cells()
    assert len(cells) >= 100
    assert len({cell.name for cell in cells}) == len(cells)
    for cell in cells:
        contract = registry().contract(*cell.kernel.split("/", 1))
        assert set(cell.sizes) <= set(default_sizes(contract))


def test_some_cells_are_of_many_families():
    kinds = {cell.kernel.partition("/")[0] for cell in chosen_cells(24)}
    assert len(kinds) >= 7
    assert len(chosen_cells(8)) == 8
    assert chosen_cells(10_000) == all_cells()


CELLS = [Cell("optimizer/adam", {"N": 10}), Cell("optimizer/sgd", {"N": 10}), Cell("cell/gru")]


def test_a_rounds_cells_are_mixed_and_its_sides_adjacent():
    trials = plan_twice(CELLS, rounds=20, seconds=0.1, seed=3)
    assert len({t.trial_key for t in trials}) == 20 * 3 * 2
    pairs = [trials[n : n + 2] for n in range(0, len(trials), 2)]
    for one, other in pairs:
        assert one.case.params["kernel"] == other.case.params["kernel"]
        assert one.round == other.round
        assert {one.case.params["side"], other.case.params["side"]} == {"a", "b"}
    assert {one.case.params["side"] for one, _ in pairs} == {"a", "b"}
    orders = {tuple(p[0].case.params["kernel"] for p in pairs[n : n + 3]) for n in range(0, 60, 3)}
    assert len(orders) > 3
    assert [t.trial_key for t in plan_twice(CELLS, rounds=20, seconds=0.1, seed=3)] == [
        t.trial_key for t in trials
    ]


def test_the_sides_of_a_cell_are_timed_in_children():
    cells = [Cell("optimizer/adam", {"N": 1000}), Cell("optimizer/adam", {"Z": 1})]
    twice = time_twice(cells, rounds=2, seconds=0.001)
    assert twice.seconds.shape == (2, 2, 2)
    assert (twice.seconds[0] > 0).all()
    assert np.isnan(twice.seconds[1]).all()  # a process that is lost is no time
    assert twice.process_s[0] > 0
    (lost,) = twice.errors
    assert lost.startswith("optimizer/adam[Z=1]: workload: optimizer/adam has no size Z")


def test_an_interrupted_test_tells_nothing(monkeypatch):
    stopped = type("Outcome", (), {"interrupted": True})
    monkeypatch.setattr(interleaved, "run_trials", lambda *a, **k: stopped)
    with pytest.raises(KeyboardInterrupt):
        time_twice(CELLS, rounds=1)


def test_too_little_time_is_told(monkeypatch):
    monkeypatch.setattr(interleaved, "time_twice", lambda *a, **k: None)
    ticks = iter([0.0, 30.0])
    monkeypatch.setattr(interleaved.time, "monotonic", lambda: next(ticks))
    with pytest.raises(UsageError, match="100 s hold 3 rounds of 30 s each, expected 10 at least"):
        interleaved.rounds_that_fit(100.0, CELLS, 0.1, least=10)


# -- the certificate -------------------------------------------------------------------------------


def twice_of(*, noise, seconds=(5e-5, 2e-3, 2e-2), rounds=12, process_s=0.3, seed=0):
    rng = np.random.default_rng(seed)
    own = np.exp(noise * rng.normal(size=(len(seconds), rounds, 2)))
    cells = [Cell("optimizer/adam", {"N": n + 1}) for n in range(len(seconds))]
    return Twice(cells, np.array(seconds)[:, None, None] * own, np.full(len(cells), process_s))


def test_a_quiet_machine_sees_five_percent():
    told = certify(twice_of(noise=0.003))
    assert told.certified_share == 1.0
    assert told.false_alarm_rate == 0.0
    assert told.margin == pytest.approx(np.expm1(0.02))
    assert set(told.smallest_change) == {"< 0.1 ms", "1 to 10 ms", ">= 10 ms"}
    assert all(0.02 < change < 0.05 for change in told.smallest_change.values())


def test_a_noisy_machine_does_not_and_says_what_it_sees():
    told = certify(twice_of(noise=0.3))
    assert told.certified_share == 0.0
    assert told.margin == pytest.approx(np.expm1(0.035))  # no wider, or 5 % would be no change
    for cell in told.cells:
        assert cell.smallest > told.margin
        assert cell.within_budget < cell.smallest  # more processes fit into a minute


def test_a_slow_process_leaves_fewer_rounds_in_a_minute():
    quick, slow = (certify(twice_of(noise=0.03, process_s=s)) for s in (0.2, 20.0))
    for one, other in zip(quick.cells, slow.cells, strict=True):
        assert one.within_budget < other.within_budget


def test_the_document_has_what_compare_reads(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQBENCH_CACHE", str(tmp_path / "cache"))
    told = certify(twice_of(noise=0.003))
    path = write_certificate(document_of(told, quick=True))
    assert path == tmp_path / "cache" / certificate.FILE
    document = json.loads(path.read_text())
    assert document["machine"] == machine_id()
    assert document["false_alarm_rate"] == 0.0
    assert document["smallest_change"] == told.smallest_change
    assert document["thresholds"]["time"] == told.margin
    assert document["date"].startswith("20")
