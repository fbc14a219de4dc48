"""Plans by size, made once: training meets few batch sizes and many lengths."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from seqbench.interfaces import Implementation, Plan


class PlanCache:
    """The plans of one implementation; the least recently used goes when there are too many.

    `load` marks all plans stale; a stale plan takes the parameters again when it is next asked for,
    so weights are packed once an update and plan, not once a call.
    """

    def __init__(self, implementation: Implementation, dtype: str, *, grad: bool, keep: int = 4):
        self.implementation = implementation
        self._dtype, self._grad, self._keep = dtype, grad, keep
        self._plans: OrderedDict[Any, Plan] = OrderedDict()
        self._fresh: set[Any] = set()
        self._params: Any = None

    def load(self, params: Any) -> None:
        self._params = params
        self._fresh.clear()

    def plan(self, dims: Any) -> Plan:
        """A plan for `dims`, with the current parameters loaded."""
        if dims in self._plans:
            self._plans.move_to_end(dims)
        else:
            self._plans[dims] = self.implementation.plan(dims, self._dtype, grad=self._grad)
            if len(self._plans) > self._keep:
                old, _ = self._plans.popitem(last=False)
                self._fresh.discard(old)
        plan = self._plans[dims]
        if dims not in self._fresh:
            plan.load(self._params)
            self._fresh.add(dims)
        return plan
