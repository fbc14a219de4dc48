"""Rows of the ratio suites: what was compared, the ratio of each pair, and the table at the end."""

from __future__ import annotations

import csv
import json
import math
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seqbench.measure.ceilings import Ceilings


@dataclass(frozen=True, slots=True)
class RatioRow:
    """Ours against a peer at one size; the two lists of seconds are pairs, taken in turn.

    ceiling_s : ceiling time of one call, measured beside each pair; empty where none is told
    least_share : target for the share of the ceiling; None without one
    in_mean : whether the row counts in its group's geometric mean
    at_most : target for this row's ratio; None where the group's mean has it, or nothing has
    """

    group: str
    size: str
    ours: str
    peer: str
    ours_s: tuple[float, ...]
    peer_s: tuple[float, ...]
    ceiling_s: tuple[float, ...] = ()
    least_share: float | None = None
    in_mean: bool = True
    at_most: float | None = None

    @property
    def family(self) -> str:
        """What the table of record is called after: `cell` of `cell/gru`."""
        return self.group.partition("/")[0]

    @property
    def ratios(self) -> list[float]:
        return [a / b for a, b in zip(self.ours_s, self.peer_s, strict=True)]

    @property
    def ratio(self) -> float:
        """The median over the pairs: what disturbs one pair does not move it."""
        return statistics.median(self.ratios)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Lower and upper quartile of the pairs' ratios."""
        ratios = self.ratios if len(self.ratios) > 1 else 2 * self.ratios
        low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return low, high

    @property
    def share(self) -> float | None:
        """Ceiling time over ours, the median over the pairs; None where no ceiling is told.

        Both are taken within a second of each other, so what slows the machine slows both.
        """
        if not self.ceiling_s:
            return None
        return statistics.median(c / a for c, a in zip(self.ceiling_s, self.ours_s, strict=True))


@dataclass(slots=True)
class RatioTable:
    """All rows of a run, the best ceilings met in it, and the targets of geometric means."""

    rows: list[RatioRow] = field(default_factory=list)
    ceilings: Ceilings | None = None
    at_most: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def meet(self, found: Ceilings) -> None:
        """Keep the best, to tell it: a rate that was reached once can be reached."""
        held = self.ceilings
        if held is None:
            self.ceilings = found
            return
        self.ceilings = Ceilings(
            dtype=found.dtype,
            gemm_gflops=max(held.gemm_gflops, found.gemm_gflops),
            copy_gb_per_s=max(held.copy_gb_per_s, found.copy_gb_per_s),
            tanh_ns=min(held.tanh_ns, found.tanh_ns),
            exp_ns=min(held.exp_ns, found.exp_ns),
            call_us=min(held.call_us, found.call_us),
        )

    def groups(self) -> list[str]:
        return list(dict.fromkeys(row.group for row in self.rows))

    def mean(self, group: str) -> float:
        """Geometric mean of the ratios that count; NaN where none does."""
        return geometric_mean(r.ratio for r in self.rows if r.group == group and r.in_mean)

    def mean_at_ceiling(self, group: str) -> float:
        """What the mean would be if ours ran at the ceiling: no tuning gets below it."""
        counted = [r for r in self.rows if r.group == group and r.in_mean and r.ceiling_s]
        return geometric_mean(
            statistics.median(c / b for c, b in zip(r.ceiling_s, r.peer_s, strict=True))
            for r in counted
        )

    def missed(self) -> list[str]:
        """Targets that were not reached, one sentence each."""
        found = []
        for row in self.rows:
            share = row.share
            if row.least_share is not None and share is not None and share < row.least_share:
                found.append(
                    f"{row.group} {row.size}: {share:.2f} of the ceiling, "
                    f"expected at least {row.least_share:.2f}"
                )
            if row.at_most is not None and row.ratio > row.at_most:
                found.append(
                    f"{row.group} {row.size}: ratio {row.ratio:.2f}, "
                    f"expected at most {row.at_most:.2f}"
                )
        for group in self.groups():
            mean, limit = self.mean(group), self.at_most.get(group)
            if limit is not None and mean > limit:
                found.append(f"{group}: geometric mean {mean:.2f}, expected at most {limit:.2f}")
        return found

    def lines(self) -> list[str]:
        """The table as text."""
        lines = [f"{name}: {value}" for name, value in self.notes.items()]
        if self.ceilings:
            lines.append(
                f"ceilings: {self.ceilings.gemm_gflops:.1f} GFLOP/s GEMM, "
                f"{self.ceilings.tanh_ns:.2f} ns a tanh ({self.ceilings.dtype}, best of the run)"
            )
        lines.append(
            f"{'group':18} {'size':22} {'ours ms':>9} {'peer ms':>9} "
            f"{'ratio':>6} {'quartiles':>11} {'ceiling':>7}"
        )
        for group in self.groups():
            lines += [self._line(row) for row in self.rows if row.group == group]
            bound = self.mean_at_ceiling(group)
            told = "" if math.isnan(bound) else f", at the ceiling it would be {bound:.2f}"
            lines.append(f"{group:18} geometric mean {self.mean(group):.2f}{told}")
        return lines

    def _line(self, row: RatioRow) -> str:
        low, high = row.quartiles
        told = "" if row.share is None else f"{row.share:.2f}"
        ours, peer = (1e3 * statistics.median(s) for s in (row.ours_s, row.peer_s))
        return (
            f"{row.group:18} {row.size:22} {ours:9.2f} {peer:9.2f} "
            f"{row.ratio:6.2f} {low:5.2f} {high:5.2f} {told:>7}"
        )

    def write(self, path: Path) -> list[Path]:
        """The files written: JSON with every pair or CSV with a row a size, by the suffix.

        A path without one is a folder: it gets `FAMILY_ratios.csv` for each family of the run.
        """
        if not path.suffix:
            return [self._write_csv(path / f"{f}_ratios.csv", f) for f in self.families()]
        if path.suffix == ".csv":
            return [self._write_csv(path)]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self._whole(), indent=1) + "\n")
        return [path]

    def families(self) -> list[str]:
        return list(dict.fromkeys(row.family for row in self.rows))

    def _write_csv(self, path: Path, family: str | None = None) -> Path:
        rows = [self._summary(row) for row in self.rows if family in (None, row.family)]
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as handle:
            writer = csv.DictWriter(handle, list(rows[0]) if rows else ["group"])
            writer.writeheader()
            writer.writerows(rows)
        return path

    def _whole(self) -> dict[str, Any]:
        return {
            "notes": self.notes,
            "ceilings": asdict(self.ceilings) if self.ceilings else None,
            "means": {group: self.mean(group) for group in self.groups()},
            "means_at_ceiling": {group: self.mean_at_ceiling(group) for group in self.groups()},
            "rows": [asdict(row) | self._summary(row) for row in self.rows],
        }

    def _summary(self, row: RatioRow) -> dict[str, Any]:
        return {
            "group": row.group,
            "size": row.size,
            "ours": row.ours,
            "peer": row.peer,
            "ours_median_s": _told(statistics.median(row.ours_s)),
            "peer_median_s": _told(statistics.median(row.peer_s)),
            "ratio": _told(row.ratio),
            "ratio_low": _told(row.quartiles[0]),
            "ratio_high": _told(row.quartiles[1]),
            "at_most": row.at_most,
            "group_mean": _told(self.mean(row.group)),
            "group_at_most": self.at_most.get(row.group),
            "share_of_ceiling": _told(row.share),
            "pairs": len(row.ours_s),
        } | self.notes


def _told(value: float | None) -> float | None:
    """Four digits: more than a time is good for, few enough that two tables can be compared."""
    return None if value is None or math.isnan(value) else float(f"{value:.4g}")


def geometric_mean(values: Iterable[float]) -> float:
    logs = [math.log(v) for v in values]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan
