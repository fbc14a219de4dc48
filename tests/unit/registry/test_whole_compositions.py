"""A backend that brings a composition whole: a peer with a trainer and no kernels."""

from __future__ import annotations

import types

import pytest

from seqbench.experiments.resolving import Resolver
from seqbench.interfaces import UnknownNameError
from seqbench.registry import registry

PEER = "whole_peer"
SOURCE = """
from seqbench.interfaces import BackendSpec, ImplementationSpec, hookimpl


class Trainer:
    def __init__(self, kernels):
        self.backend = kernels.backend


@hookimpl
def seqbench_backends():
    target = "seqbench_numpy.backend:NumpyBackend"
    return [BackendSpec("peer", target, "brings one model", shared_texts=False)]


@hookimpl
def seqbench_implementations():
    return [
        ImplementationSpec(
            kind="model",
            name="skipgram_ns",
            backend="peer",
            impl_id="peer.skipgram_ns",
            target="whole_peer:Trainer",
            tier="peer",
            dtypes=("float32",),
        )
    ]
"""


@pytest.fixture
def found(tmp_path, monkeypatch):
    (tmp_path / f"{PEER}.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    return registry(["seqbench_numpy", PEER])


def test_it_is_what_get_returns(found):
    for impl in (None, "peer.skipgram_ns"):
        made = found.get("model", "skipgram_ns", "peer", impl)
        assert type(made).__module__ == PEER
    assert type(found.get("model", "skipgram_ns", "numpy")).__module__ != PEER


def test_another_implementation_of_it_is_unknown(found):
    with pytest.raises(UnknownNameError, match=r"'mine'; .*installed: peer.skipgram_ns"):
        found.get("model", "skipgram_ns", "peer", "mine")
    with pytest.raises(UnknownNameError, match="implementation of model/skipgram_ns on numpy"):
        found.get("model", "skipgram_ns", "numpy", "mine")


def test_it_is_listed_with_its_tier_and_nothing_else_of_the_peer_is(found):
    rows = [row for row in found.algorithms() if row["backend"] == "peer"]
    assert [(row["name"], row["impl_id"], row["tier"]) for row in rows] == [
        ("skipgram_ns", "peer.skipgram_ns", "peer")
    ]


def test_a_plan_names_it_where_ours_names_the_kernels(found):
    resolver = Resolver(found)
    task = types.SimpleNamespace(
        name="train_vectors",
        uses=lambda config: ["model/skipgram_ns"],
        target="seqbench.experiments.tasks.train_vectors:run",
    )
    peers = resolver.serve(task, None, "peer", {})
    ours = resolver.serve(task, None, "numpy", {})
    assert peers.resolved == {"model/skipgram_ns": "peer.skipgram_ns"}
    assert ours.resolved == {"vectors/skipgram_ns_update": "numpy.skipgram_ns_update"}


def test_what_the_peer_lacks_is_a_reason(found):
    task = types.SimpleNamespace(
        name="train_vectors",
        uses=lambda config: ["model/cbow_ns"],
        target="seqbench.experiments.tasks.train_vectors:run",
    )
    reason = Resolver(found).serve(task, None, "peer", {}).reason
    assert "backend 'peer' does not have vectors/cbow_ns_update" in reason
