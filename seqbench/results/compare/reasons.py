"""Where both sides of a row were measured, and why a row is shown and not judged.

Times hold for one machine and one stretch of its time. Two sides of one timing block are paired
round by round; times of two blocks stand side by side and are not judged unless asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .joining import Joined
from .kinds import ANYWHERE, RESTATED, SHOWN, TIMELESS
from .side import Side

NO_DIRECTION = "neither direction is better"
RESTATES = "says a time once more"


@dataclass(frozen=True, slots=True)
class Place:
    """One entry a key. one_block : both sides ran interleaved; judged : the place allows it."""

    one_block: np.ndarray
    judged: np.ndarray
    other_machine: np.ndarray
    other_block: np.ndarray
    training: np.ndarray
    told: list[str] = field(default_factory=list)


def places(joined: Joined, base: Side, new: Side, kind: np.ndarray, across: bool) -> Place:
    """What the units and given rows say of machines and timing blocks."""
    keys = joined.keys
    blocks = _one_of_each(joined, "block")
    machines = _one_of_each(joined, "machine")
    named = (blocks[0] != "") | (blocks[1] != "")
    same = blocks[0] == blocks[1]
    known = (machines[0] != "") & (machines[1] != "")
    apart = known & (machines[0] != machines[1])
    anywhere = np.isin(kind, ANYWHERE)
    timeless = np.isin(keys["unit"].to_numpy(object), TIMELESS)
    training = ~anywhere & ~timeless & (keys["phase"] == "train").to_numpy()
    other_machine = apart & ~anywhere & (keys["unit"] != "FLOP").to_numpy()
    other_block = ~anywhere & ~timeless & named & ~same
    refused = np.zeros(len(keys), bool) if across else other_machine | other_block | training
    return Place(
        one_block=same & named & ~apart,
        judged=~refused,
        other_machine=other_machine,
        other_block=other_block,
        training=training,
        told=_told(base, new, keys, other_machine, other_block & ~other_machine, across),
    )


SEVERAL = "several"


def _one_of_each(joined: Joined, column: str) -> tuple[np.ndarray, np.ndarray]:
    """By key, for each side: the only value of a column, "several", or ""."""
    found = []
    for units, given in zip(joined.units, joined.given, strict=True):
        rows = [units[["key", column]]]
        if column in given and len(given):
            rows.append(given[["key", column]])
        table = pd.concat(rows).drop_duplicates()
        one = np.full(len(joined.keys), "", object)
        key = table["key"].to_numpy(np.int64)
        one[key] = table[column].to_numpy(object)
        one[np.bincount(key, minlength=len(one)) > 1] = SEVERAL
        found.append(one)
    return found[0], found[1]


def _told(
    base: Side,
    new: Side,
    keys: pd.DataFrame,
    other_machine: np.ndarray,
    other_block: np.ndarray,
    across: bool,
) -> list[str]:
    both = (keys["in_0"] & keys["in_1"]).to_numpy()
    told = []
    machines = [sorted(set(side.machines.values())) for side in (base, new)]
    if (both & other_machine).any():
        step = "judged since you asked" if across else "shown, not judged; --across-machines does"
        told.append(
            f"different machines: {', '.join(machines[0])} and {', '.join(machines[1])}: "
            f"{int((both & other_machine).sum())} costs are {step}"
        )
    if (both & other_block).any():
        step = "judged since you asked" if across else "shown, not judged; `seqbench ab` judges"
        told.append(f"different timing blocks: {int((both & other_block).sum())} times are {step}")
    unknown = [side.name for side in (base, new) if not side.machines]
    if unknown and not all(name == unknown[0] for name in (base.name, new.name)):
        told.append(f"no machine is told by {' and '.join(dict.fromkeys(unknown))}; taken as one")
    return told


def shown_reason(kind: np.ndarray, place: Place) -> np.ndarray:
    """Why a row is not judged, "" where nothing here forbids it."""
    return np.select(
        [kind == SHOWN, kind == RESTATED, place.other_machine, place.other_block, place.training],
        [
            NO_DIRECTION,
            RESTATES,
            "another machine",
            "another timing block",
            "a training's time may be of another day",
        ],
        "",
    ).astype(object)
