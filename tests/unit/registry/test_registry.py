"""Names, conflicts, plugins that fail: what a plugin author and a user meet first."""

from __future__ import annotations

import json
import subprocess
import sys
import types

import pytest

import seqbench
from seqbench.interfaces import (
    BackendSpec,
    CompositionSpec,
    ContractSpec,
    ImplementationSpec,
    PluginConflictError,
    PluginUnavailableError,
    SharedText,
    UnknownNameError,
    hookimpl,
)
from seqbench.registry import registry

NUMPY = "seqbench_numpy"


def plugin(monkeypatch, module_name, **hooks):
    """A module in sys.modules whose hooks return the given specs, or raise the given error."""
    module = types.ModuleType(module_name)
    for hook, specs in hooks.items():
        name = f"seqbench_{hook}"
        setattr(module, name, hookimpl(specname=name)(_returning(specs)))
    monkeypatch.setitem(sys.modules, module_name, module)
    return module_name


def _returning(specs):
    def hook():
        if isinstance(specs, Exception):
            raise specs
        return specs

    return hook


def backend_spec(name, **values):
    return BackendSpec(name, "seqbench_numpy.backend:NumpyBackend", "for a test", **values)


def test_get_returns_a_cell_that_runs():
    import numpy as np

    gru = seqbench.get("cell", "gru")
    assert gru.contract.id == "A10"
    dims = gru.contract.Dims(T=2, B=1, I=3, H=4)
    rng = np.random.default_rng(0)
    params = gru.contract.Params(
        **{name: rng.normal(size=shape) for name, shape in gru.contract.shapes(dims).items()}
    )
    inputs = gru.contract.Inputs(
        rng.normal(size=(2, 1, 3)), np.array([2], np.int32), np.zeros((1, 4))
    )
    assert gru(params, inputs).output.shape == (2, 1, 4)


def test_an_unknown_name_brings_candidates():
    with pytest.raises(UnknownNameError, match=r"no cell named 'lstn'; did you mean 'lstm'"):
        seqbench.get("cell", "lstn")
    with pytest.raises(UnknownNameError, match=r"no kind named 'cels'; did you mean 'cell'"):
        seqbench.get("cels", "lstm")
    with pytest.raises(UnknownNameError, match=r"no backend named 'nunpy'; did you mean 'numpy'"):
        seqbench.get("cell", "lstm", backend="nunpy")
    with pytest.raises(UnknownNameError, match=r"implementation of cell/gru on numpy named 'fast'"):
        seqbench.get("cell", "gru", impl="fast")


def test_the_shared_text_can_be_asked_for_by_name():
    shared = seqbench.get("cell", "gru", impl="numpy.shared")
    assert isinstance(shared, SharedText)
    assert shared.impl_id == "numpy.shared"


def test_two_plugins_with_one_backend_name_are_both_named(monkeypatch):
    twin = plugin(monkeypatch, "twin_numpy", backends=[backend_spec("numpy")])
    other = plugin(monkeypatch, "honest", backends=[backend_spec("other")])
    found = registry([NUMPY, twin, other])
    with pytest.raises(PluginConflictError, match=r"'numpy': seqbench_numpy and twin_numpy"):
        found.backend("numpy")
    assert found.kernels("other").get("cell", "gru").impl_id == "other.shared"
    assert any("twin_numpy" in row["reason"] for row in found.plugins())


def test_two_plugins_with_one_contract_name_are_both_named(monkeypatch):
    spec = ContractSpec("A10", "cell", "gru", "seqbench.kernels.gru:GRU", "again")
    found = registry([NUMPY, plugin(monkeypatch, "second_gru", contracts=[spec])])
    with pytest.raises(PluginConflictError, match=r"'cell/gru': core and second_gru"):
        found.get("cell", "gru")


def test_a_plugin_that_fails_to_import_is_listed_and_the_rest_works(tmp_path, monkeypatch):
    (tmp_path / "broken_plugin.py").write_text("raise RuntimeError('no luck')")
    monkeypatch.syspath_prepend(tmp_path)
    found = registry([NUMPY, "broken_plugin"])
    row = next(r for r in found.plugins() if r["name"] == "broken_plugin")
    assert row["status"] == "failed"
    assert "RuntimeError: no luck" in row["reason"]
    assert found.get("cell", "gru").contract.name == "gru"


def test_a_plugin_that_exits_on_import_is_listed(tmp_path, monkeypatch):
    (tmp_path / "exiting_plugin.py").write_text("import sys; sys.exit(3)")
    monkeypatch.syspath_prepend(tmp_path)
    row = registry(["exiting_plugin"]).plugins()[-1]
    assert row["status"] == "failed"
    assert "SystemExit: 3" in row["reason"]


def test_a_hook_that_raises_or_returns_something_else_is_told(monkeypatch):
    raising = plugin(monkeypatch, "raising", backends=ValueError("odd"))
    wrong = plugin(monkeypatch, "wrong", backends=["numpy"])
    reasons = {r["name"]: r["reason"] for r in registry([raising, wrong]).plugins()}
    assert reasons["raising"] == "seqbench_backends failed: ValueError: odd"
    assert reasons["wrong"] == "seqbench_backends returned str, expected BackendSpec"


def test_a_missing_library_is_the_reason_and_names_the_extra(monkeypatch):
    spec = backend_spec("absent", requires=("no_such_library",), extra="gone")
    found = registry([plugin(monkeypatch, "absent_backend", backends=[spec])])
    assert found.unavailable("absent") == (
        "no_such_library is not installed; install seqbench[gone]"
    )
    with pytest.raises(PluginUnavailableError, match=r"backend 'absent' cannot be used here"):
        found.backend("absent")


def test_a_probe_can_refuse(monkeypatch):
    monkeypatch.setitem(sys.modules, "probing", types.SimpleNamespace(probe=lambda: "no device"))
    spec = backend_spec("shy", probe="probing:probe")
    found = registry([plugin(monkeypatch, "shy_backend", backends=[spec])])
    assert found.backends() == [
        {"name": "shy", "available": False, "reason": "no device", "summary": "for a test"}
    ]


def test_a_peer_without_shared_texts_has_only_what_it_brings(monkeypatch):
    impl = ImplementationSpec("cell", "gru", "peer", "peer.gru", "nowhere:Impl", "peer")
    spec = backend_spec("peer", shared_texts=False)
    found = registry([plugin(monkeypatch, "peer_plugin", backends=[spec], implementations=[impl])])
    assert found.resolve("cell", "gru", "peer").impl_id == "peer.gru"
    with pytest.raises(UnknownNameError, match=r"'peer' does not have cell/gru_reset_before"):
        found.resolve("cell", "gru_reset_before", "peer")
    listed = {r["name"] for r in found.algorithms() if r["backend"] == "peer"}
    assert listed == {"gru"}


def test_an_override_is_chosen_over_the_shared_text_and_named(monkeypatch):
    impl = ImplementationSpec("cell", "gru", "mine", "mine.gru", "nowhere:Impl")
    spec = backend_spec("mine")
    found = registry([plugin(monkeypatch, "mine_plugin", backends=[spec], implementations=[impl])])
    assert found.resolve("cell", "gru", "mine").impl_id == "mine.gru"
    assert found.resolve("cell", "gru", "mine", "mine.shared").tier == "shared"
    with pytest.raises(PluginUnavailableError, match=r"nowhere:Impl cannot be loaded"):
        found.kernels("mine").get("cell", "gru")


def test_a_composition_is_listed_where_its_needs_are(monkeypatch):
    composition = CompositionSpec("A99", "decoder", "odd", "nowhere:Odd", "odd", ("cell/nothing",))
    found = registry([NUMPY, plugin(monkeypatch, "odd_plugin", compositions=[composition])])
    assert not [r for r in found.algorithms() if r["id"] == "A99"]


def test_resolving_remembers_what_was_chosen():
    kernels = registry([NUMPY]).kernels("numpy", {"cell/gru": "numpy.shared"})
    kernels.get("cell", "gru")
    assert kernels.resolved == {"cell/gru": "numpy.shared"}


def test_seqbench_plugins_loads_what_is_not_installed(tmp_path):
    (tmp_path / "loose.py").write_text(
        "from seqbench.interfaces import BackendSpec, hookimpl\n"
        "@hookimpl\n"
        "def seqbench_backends():\n"
        "    return [BackendSpec('loose', 'seqbench_numpy.backend:NumpyBackend', 'loose')]\n"
    )
    code = "import seqbench, json; print(json.dumps(seqbench.registry().backends()))"
    import os

    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path, "SEQBENCH_PLUGINS": "loose"},
    )
    assert done.returncode == 0, done.stderr
    assert "loose" in {row["name"] for row in json.loads(done.stdout)}


def test_digests_change_with_the_source(tmp_path, monkeypatch):
    from seqbench.registry.sources import _read, source_digest

    (tmp_path / "digested.py").write_text("A = 1")
    monkeypatch.syspath_prepend(tmp_path)
    before = source_digest("digested:A")
    (tmp_path / "digested.py").write_text("A = 2")
    _read.cache_clear()
    assert source_digest("digested:A") != before


def test_a_digest_covers_what_a_kernel_imports():
    import ast

    from seqbench.registry.sources import _own_imports

    tree = ast.parse("from ._cell import x\nfrom seqbench.interfaces import y\nimport numpy\n")
    found = _own_imports(tree, "seqbench.kernels.gru")
    assert "seqbench.kernels._cell" in found
    assert not [name for name in found if name.startswith("seqbench.interfaces")]


def test_evidence_counts_only_for_the_same_source(tmp_path, monkeypatch):
    from seqbench.registry import store_evidence
    from seqbench.registry.evidence import stored_evidence

    monkeypatch.setenv("SEQBENCH_CACHE", str(tmp_path))
    passed = {"impl_id": "numpy.gru", "digest": "d", "passed": True, "where": "cpu"}
    store_evidence("numpy", {"cell/gru": passed})
    evidence = stored_evidence("numpy")
    assert evidence.of("cell/gru", "numpy.gru", lambda: "d") == "cpu"
    assert evidence.of("cell/gru", "numpy.gru", lambda: "other") == "none"
    assert evidence.of("cell/lstm", "numpy.lstm", lambda: "d") == "none"
