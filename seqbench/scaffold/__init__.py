"""`seqbench new`: a plugin of one's own, installable and tested, to start from."""

from .writing import KINDS, Written, write_scaffold

__all__ = ["KINDS", "Written", "write_scaffold"]
