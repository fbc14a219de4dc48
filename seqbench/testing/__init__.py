"""For plugin authors: random cases, checks and the conformance suite. Needs NumPy alone."""

from .cases import InputCase, builder, cases, pad_time
from .check import Check
from .checks import checks_for
from .comparing import CheckFailure
from .conformance import (
    BackendConformance,
    Report,
    conformance_of,
    run_check,
    run_conformance,
)
from .gradients import check_gradients
from .reference import reference

__all__ = [
    "BackendConformance",
    "Check",
    "CheckFailure",
    "InputCase",
    "Report",
    "builder",
    "cases",
    "check_gradients",
    "checks_for",
    "conformance_of",
    "pad_time",
    "reference",
    "run_check",
    "run_conformance",
]
