"""Plans by size, made once: training meets few batch sizes and many lengths."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
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
        self._counted: Counter[str] = Counter()  # by plans that are gone

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
                old, gone = self._plans.popitem(last=False)
                self._fresh.discard(old)
                self._counted.update(counts_of(gone))
        plan = self._plans[dims]
        if dims not in self._fresh:
            plan.load(self._params)
            self._fresh.add(dims)
        return plan

    @property
    def notes(self) -> Notes:
        """What all plans counted (`rescued`, ...), under the contract's key; {} for nothing."""
        total = Counter(self._counted)
        for plan in self._plans.values():
            total.update(counts_of(plan))
        return {self.implementation.contract.key: dict(total)} if total else {}


Notes = dict[str, dict[str, int]]
"""`kind/name` -> what its plans counted."""


def counts_of(plan: Plan) -> dict[str, int]:
    """The whole numbers among a plan's notes: what can be summed over plans."""
    return {name: value for name, value in plan.notes.items() if type(value) is int}


def merged_notes(*parts: Mapping[str, Mapping[str, int]]) -> Notes:
    """Sums by kernel: the same kernel may stand in several layers."""
    total: dict[str, Counter[str]] = {}
    for part in parts:
        for key, counts in part.items():
            total.setdefault(key, Counter()).update(counts)
    return {key: dict(counts) for key, counts in total.items()}
