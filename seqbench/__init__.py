"""seqbench: benchmarking sequence-model algorithms, on CPU and GPU.

`get` returns one implementation, `registry()` everything that is installed.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`seqbench.registry` is a package that can be called; imported when it is first used."""
    if name == "registry":
        return importlib.import_module("seqbench.registry")
    raise AttributeError(f"module 'seqbench' has no attribute {name!r}")


def get(kind: str, name: str, backend: str = "numpy", impl: str | None = None) -> Any:
    """The implementation of `kind/name` on a backend, ready to plan or to call.

    `get("cell", "lstm")(params, inputs)` runs it once; `.plan(dims, dtype, grad=True)` allocates
    for repeated use. A decoder, metric, model or analysis comes as its composition, built from
    that backend's kernels. Raises UnknownNameError with candidates, PluginUnavailableError with
    the reason.
    """
    from .registry import registry

    return registry().get(kind, name, backend=backend, impl=impl)


__all__ = ["__version__", "get"]
