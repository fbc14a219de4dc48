"""SciPy's signal processing, as a peer: the ready-made short-time Fourier transform."""

from __future__ import annotations

from seqbench.interfaces import BackendSpec, ImplementationSpec, hookimpl


@hookimpl
def seqbench_backends() -> list[BackendSpec]:
    return [
        BackendSpec(
            name="scipy",
            target="seqbench_scipy.backend:ScipyBackend",
            summary="SciPy's own routines on the CPU, a peer to compare with",
            requires=("scipy",),
            shared_texts=False,
        )
    ]


@hookimpl
def seqbench_implementations() -> list[ImplementationSpec]:
    return [
        ImplementationSpec(
            kind="feature",
            name="stft",
            backend="scipy",
            impl_id="scipy.stft",
            target="seqbench_scipy.features:ScipyStft",
            tier="peer",
        )
    ]
