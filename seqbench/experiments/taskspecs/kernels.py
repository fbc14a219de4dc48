"""What any contract costs."""

from __future__ import annotations

from ._spec import TaskSpec

TASKS = (
    TaskSpec(
        "kernel_cost",
        "kernel_cost",
        ("dtype", "backend", "kernel", "sizes", "measure"),
        lambda config: [config.kernel],
        mixed=True,
        block="kernel",
    ),
)
