"""seqbench: benchmarking sequence-model algorithms, on CPU and GPU.

`get` returns one implementation, `registry()` everything that is installed.
"""

from __future__ import annotations

from typing import Any

# Imported here so that the name is the function: `seqbench.registry()` is public, and importing
# the package of the same name later no longer rebinds it.
from .registry import Registry, registry

__version__ = "0.1.0"


def get(kind: str, name: str, backend: str = "numpy", impl: str | None = None) -> Any:
    """The implementation of `kind/name` on a backend, ready to plan or to call.

    `get("cell", "lstm")(params, inputs)` runs it once; `.plan(dims, dtype, grad=True)` allocates
    for repeated use. A decoder, metric, model or analysis comes as its composition, built from
    that backend's kernels. Raises UnknownNameError with candidates, PluginUnavailableError with
    the reason.
    """
    return registry().get(kind, name, backend=backend, impl=impl)


__all__ = ["Registry", "__version__", "get", "registry"]
