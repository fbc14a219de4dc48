"""The checks of the mutants of stacks and loaders pass where nothing is changed."""

from __future__ import annotations

import importlib

import pytest
from mutants_cells import onnx_round_trip, stack_gradients, windows_add_up


@pytest.mark.parametrize(
    ("check", "module"),
    [
        (stack_gradients, "seqbench.models.stacked"),
        (windows_add_up, "seqbench.models.truncated"),
        (onnx_round_trip, "seqbench.models.weights_onnx"),
    ],
)
def test_what_is_not_changed_passes(check, module):
    check(importlib.import_module(module))
