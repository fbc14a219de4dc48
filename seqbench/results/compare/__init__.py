"""Two tables side by side: verdicts with intervals, and what cannot be judged, with its reason."""

from .comparison import Comparison, Options, compare
from .formats import FORMATS, rendered, sentence
from .rules import Rules, built_in, read_rules
from .side import Side, side_of
from .sources import read_side

__all__ = [
    "FORMATS",
    "Comparison",
    "Options",
    "Rules",
    "Side",
    "built_in",
    "compare",
    "read_rules",
    "read_side",
    "rendered",
    "sentence",
    "side_of",
]
