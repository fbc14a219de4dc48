"""Which tests of this folder run on a GPU: `SEQBENCH_TEST_DEVICE=gpu pytest tests/cuda -m gpu`."""

from __future__ import annotations

from pathlib import Path

import pytest
from emulated import ON_GPU

HERE = Path(__file__).parent
EMULATOR_ALONE = (
    "test_compile",
    "test_cuda_barriers",
    "test_cuda_decoding",
    "test_cuda_mutants",
    "test_evidence",
    "test_orders",
    "test_shared_texts",
)
"""About the compiler, the emulator or its evidence: they say nothing of a device."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not ON_GPU:
        return
    for item in items:
        if HERE not in item.path.parents:
            continue
        if item.path.stem in EMULATOR_ALONE:
            item.add_marker(pytest.mark.skip(reason="about the emulator, not a device"))
        else:
            item.add_marker(pytest.mark.gpu)
