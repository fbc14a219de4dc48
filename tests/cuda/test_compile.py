"""Every CUDA instance compiles for each architecture and stays within the committed budget.

After a change that is meant: `python tests/cuda/budget.py` writes tests/cuda/budget.csv anew.
"""

from __future__ import annotations

import pytest
from budget import Line, budget, lines_of
from compiling import ARCHITECTURES, every_source

pytestmark = pytest.mark.peer("cupy")
SLACK_REGISTERS = 4
"""Compilers of the same release may differ by a few."""


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("file", sorted(every_source()))
def test_every_instance_compiles_within_its_budget(file, architecture):
    allowed = budget()
    for line in lines_of(file, architecture):
        limit = allowed.get(line.key)
        assert limit is not None, f"{line.key} has no budget; run python tests/cuda/budget.py"
        assert line.registers <= limit.registers + SLACK_REGISTERS, (line, limit)
        assert line.spilled_bytes <= limit.spilled_bytes, (line, limit)
        assert line.shared_bytes <= limit.shared_bytes, (line, limit)


def test_the_budget_names_nothing_that_is_gone():
    known = {(f, n) for f, sources in every_source().items() for s in sources for n in s.names}
    assert {(file, name) for file, name, _ in budget()} == known


def test_what_stands_in_a_log_is_read():
    from compiling import Use, _uses

    log = (
        "ptxas info    : Compiling entry function '_Z1kv' for 'sm_90'\n"
        "ptxas         .     8 bytes stack frame, 12 bytes spill stores, 4 bytes spill loads\n"
        "ptxas info    : Used 26 registers, used 1 barriers, 512 bytes smem, 400 bytes cmem[0]\n"
    )
    assert _uses(log) == {"_Z1kv": Use(26, 12, 512)}
    assert Line("f.cu", "k", "sm_90", 26, 12, 512).key == ("f.cu", "k", "sm_90")
