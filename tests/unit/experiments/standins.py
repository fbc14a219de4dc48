"""A registry made of specs alone, so that planning is tested without any kernel."""

from __future__ import annotations

from dataclasses import dataclass, field

from seqbench.interfaces import (
    CompositionSpec,
    ContractSpec,
    DatasetSpec,
    UnknownNameError,
    unknown_name,
)

CONTRACTS = (
    "cell/gru",
    "cell/gru_reset_before",
    "cell/gru_simplified",
    "cell/lstm",
    "cell/rnn",
    "attention/additive",
    "attention/dot",
    "embedding/gather",
    "loss/softmax_cross_entropy",
    "optimizer/adam",
    "decoder/beam_select",
    "metric/bleu_stats",
)
COMPOSITIONS = {
    "model/encoder_decoder": ("embedding/gather",),
    "decoder/beam": ("decoder/beam_select",),
    "decoder/greedy": (),
    "metric/bleu": ("metric/bleu_stats",),
    "analysis/beam_errors": (),
}


@dataclass(frozen=True)
class Found:
    impl_id: str
    digest: str


@dataclass
class FakeRegistry:
    """Backends `numpy` (everything), `torch` (cells alone) and `away` (cannot be used)."""

    digests: dict[str, str] = field(default_factory=dict)

    def config_packages(self) -> list[str]:
        return []

    def contracts(self) -> dict[str, ContractSpec]:
        return {k: ContractSpec("A00", *k.split("/"), "nowhere:X", "") for k in CONTRACTS}

    def contract_spec(self, kind: str, name: str) -> ContractSpec:
        return self.contracts()[f"{kind}/{name}"]

    def compositions(self) -> dict[str, CompositionSpec]:
        return {
            key: CompositionSpec("A00", *key.split("/"), "nowhere:X", "", needs)
            for key, needs in COMPOSITIONS.items()
        }

    def whole(self, kind: str, name: str, backend: str) -> None:
        """No backend brings a composition whole."""
        return None

    def dataset_specs(self) -> dict[str, DatasetSpec]:
        return {
            name: DatasetSpec(name, f"nowhere.{name}:load", "", "", "", embedded=True)
            for name in ("grammar", "multi30k_en_de")
        }

    def unavailable(self, backend: str) -> str | None:
        if backend not in ("numpy", "torch", "away"):
            raise unknown_name("backend", backend, ("numpy", "torch", "away"))
        return "no such device" if backend == "away" else None

    def resolve(self, kind: str, name: str, backend: str, impl: str | None = None) -> Found:
        if impl not in (None, "own", "shared"):
            raise unknown_name(f"implementation of {kind}/{name}", impl, ("own", "shared"))
        if backend == "torch" and (kind != "cell" or name == "gru_simplified"):
            raise UnknownNameError(f"backend 'torch' does not have {kind}/{name}")
        digest = self.digests.get(f"{kind}/{name}", f"{kind}-{name}")
        return Found(f"{backend}.{impl or 'own'}", digest)
