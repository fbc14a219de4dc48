"""Floor 1: plugins, names, and the one implementation that serves each."""

from .evidence import store_evidence
from .lookup import KernelTable, Registry, Resolved, registry

__all__ = [
    "KernelTable",
    "Registry",
    "Resolved",
    "registry",
    "store_evidence",
]
