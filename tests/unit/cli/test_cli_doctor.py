"""`seqbench doctor` prints what it found and writes it where compare looks."""

from __future__ import annotations

import json

import numpy as np
import pytest

from seqbench.cli.main import main
from seqbench.experiments.doctor import interleaved, machine
from seqbench.experiments.doctor.cells import Cell
from seqbench.experiments.doctor.findings import Facts
from seqbench.experiments.doctor.interleaved import Twice
from seqbench.experiments.doctor.machine import Examined

DESCRIPTION = {
    "cpu_model": "a CPU",
    "cores": 4,
    "usable_cores": 2,
    "threadpools": [{"internal_api": "openblas", "version": "0.3", "architecture": "SkylakeX"}],
}


@pytest.fixture
def made(monkeypatch, tmp_path):
    """A machine with a preset and a noisy cell; no child is started."""
    facts = Facts({"OPENBLAS_CORETYPE": "Haswell"}, 2, gemm=200.0, gemm_preset=100.0)
    examined = Examined(DESCRIPTION, {"gemm_float32": (200.0, "GFLOP/s")}, facts)
    asked = {}

    def twice(cells, *, rounds, seconds, on_event):
        asked.update(cells=len(cells), rounds=rounds, seconds=seconds)
        noise = np.array([0.001, 0.3])[:, None, None]
        values = 2e-3 * np.exp(noise * np.random.default_rng(0).normal(size=(2, rounds, 2)))
        cells = [Cell("optimizer/adam", {"N": n}) for n in (1, 2)]
        return Twice(cells, values, np.full(2, 10.0), ["optimizer/adam[N=3]: killed"])

    monkeypatch.setenv("SEQBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(machine, "examine", lambda: examined)
    monkeypatch.setattr(interleaved, "time_twice", twice)
    return asked


def test_it_tells_the_machine_the_fault_and_what_can_be_seen(made, capsys, tmp_path):
    assert main(["doctor", "--quick"]) == 0
    out, err = capsys.readouterr()
    assert made == {"cells": 8, "rounds": 6, "seconds": 0.05}
    assert "machine: a CPU, 2 of 4 cores" in out
    assert "blas: openblas 0.3 SkylakeX" in out
    assert "WRONG blas preset: OPENBLAS_CORETYPE=Haswell holds GEMM at 100 of 200 GFLOP/s" in out
    assert "5 % can be seen within 60 s in 1 of 2 cells of 1 ms or more" in out
    assert "lost: optimizer/adam[N=3]: killed" in out
    assert f"written: {tmp_path / 'doctor.json'}" in err


def test_json_is_one_document_and_nothing_else(made, capsys, tmp_path):
    assert main(["doctor", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert made["cells"] == 24
    assert document["findings"][0]["name"] == "blas preset"
    assert document["ceilings"]["gemm_float32"] == {"value": 200.0, "unit": "GFLOP/s"}
    written = json.loads((tmp_path / "doctor.json").read_text())
    assert written == {name: document[name] for name in written}
    assert {"machine", "date", "false_alarm_rate", "smallest_change", "thresholds"} <= set(written)


def test_it_runs_on_this_machine(monkeypatch, capsys, tmp_path):
    """Real children: ceilings, and one cell twice."""
    from seqbench.cli import doctor

    monkeypatch.setenv("SEQBENCH_CACHE", str(tmp_path))
    for name, value in (("CELLS", 1), ("ROUNDS", 2), ("SECONDS", 0.001)):
        monkeypatch.setattr(doctor, f"QUICK_{name}", value)
    assert main(["doctor", "--quick", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ceilings"]["gemm_float32"]["value"] > 1
    assert document["description"]["threadpools"]
    (cell,) = document["cells"]
    assert cell["seconds"] > 0
    assert 0.02 <= document["thresholds"]["time"] < 0.05
