"""What `list` says of the CuPy plugin's kernels is what the emulator has shown of this source."""

from __future__ import annotations

from evidence import defaults, is_current, stored

import seqbench


def test_every_kernel_of_ours_has_current_evidence():
    known = stored()
    stale = sorted(k for k in defaults() if k not in known or not is_current(k, known[k]))
    assert not stale, f"run python tests/cuda/evidence.py; not shown of this source: {stale}"
    assert all(entry["passed"] for entry in known.values())


def test_the_list_tells_it(monkeypatch, tmp_path):
    monkeypatch.setenv("SEQBENCH_CACHE", str(tmp_path))
    rows = [r for r in seqbench.registry().algorithms() if r["backend"] == "cupy"]
    told = {f"{r['kind']}/{r['name']}": r["evidence"] for r in rows if r["tier"] == "own"}
    assert {key: told[key] for key in defaults()} == {k: e["where"] for k, e in stored().items()}


def test_a_changed_cuda_source_is_another_digest(monkeypatch):
    from seqbench.registry import sources

    before = sources.source_digest("seqbench_cupy.bleu:BleuStats")
    sources._read.cache_clear()
    original = sources.Path.read_bytes

    def changed(path):
        return original(path) + (b"//" if path.name == "sq_common.cuh" else b"")

    monkeypatch.setattr(sources.Path, "read_bytes", changed)
    try:
        assert sources.source_digest("seqbench_cupy.bleu:BleuStats") != before
    finally:
        sources._read.cache_clear()
