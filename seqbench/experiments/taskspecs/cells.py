"""What a cell costs."""

from __future__ import annotations

from ..config import RunConfig
from ._spec import TaskSpec


def _cell(config: RunConfig) -> list[str]:
    return [f"cell/{config.cell.name}"]


TASKS = (
    TaskSpec(
        "cell_cost",
        "cell_cost",
        ("dtype", "backend", "cell", "workload", "measure"),
        _cell,
        mixed=True,
    ),
)
