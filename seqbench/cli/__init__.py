"""Floor 6: argument parsing and printing, nothing else."""

from .main import main

__all__ = ["main"]
