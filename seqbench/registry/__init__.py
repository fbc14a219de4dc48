"""Floor 1: plugins, names, and the one implementation that serves each.

`seqbench.registry(plugins=None)` is public as a function, and this package has its name: so the
package itself can be called.
"""

import sys
import types

from .evidence import store_evidence
from .lookup import KernelTable, Registry, Resolved, registry


class _CallablePackage(types.ModuleType):
    """A package that answers a call with `registry(...)`."""

    def __call__(self, plugins: list[str] | None = None) -> Registry:
        """Everything installed; with `plugins`, only the bundled core and those modules."""
        return registry(plugins)


sys.modules[__name__].__class__ = _CallablePackage

__all__ = ["KernelTable", "Registry", "Resolved", "registry", "store_evidence"]
