"""claim.json: a claim, what was measured for each part, and the answer, as a campaign keeps them.

The answer can be had again from the numbers that stand beside it, so a committed table of record
needs no rows to be checked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seqbench.interfaces import StoreError
from seqbench.interfaces.claims import Claim, claim

from ..evidence import Evidence
from .judged import Answer, judge
from .measured import measure
from .told import answer_sentence
from .units import Measured

CLAIM = "claim.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """`rests_on` says what kind of evidence it is: generated data, real data, this machine."""

    experiment: str
    claim: Claim
    rests_on: str
    measured: Mapping[str, Measured]

    @property
    def answer(self) -> Answer:
        return judge(self.claim, self.measured)

    @property
    def sentence(self) -> str:
        return answer_sentence(self.claim, self.answer, self.rests_on)


def answered(
    experiment: str, plain: Mapping[str, Any], rests_on: str, evidence: Evidence
) -> Kept | None:
    """What a campaign's rows say; None without a claim."""
    found = claim(plain)
    if not found:
        return None
    parts = {name: measure(part, evidence) for name, part in found.parts.items()}
    return Kept(experiment, found, rests_on, parts)


def write_answer(kept: Kept, path: Path) -> Path:
    """One JSON object, sorted and indented, for a diff to be read."""
    answer = kept.answer
    document = {
        "experiment": kept.experiment,
        "claim": _plain_claim(kept.claim),
        "rests_on": kept.rests_on,
        "measured": {name: asdict(found) for name, found in kept.measured.items()},
        "verdict": answer.verdict,
        "sentence": kept.sentence,
    }
    try:
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"results: cannot write {path}: {error.strerror}; free it") from error
    return path


def read_answer(path: Path) -> Kept:
    """What `write_answer` wrote; its verdict is told anew. StoreError for a damaged file."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        measured = {name: Measured(**found) for name, found in document["measured"].items()}
        return Kept(
            document["experiment"], claim(document["claim"]), document["rests_on"], measured
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"results: {path} is no answer that can be read ({error}), expected claim.json as "
            "`seqbench run` writes it; run the experiment again"
        ) from error


def _plain_claim(found: Claim) -> dict[str, Any]:
    """Without what is left at its default, so that it reads as in the config."""
    defaults = asdict(Claim())
    plain = {k: v for k, v in asdict(found).items() if v != defaults[k]}
    plain["parts"] = {name: _set(part) for name, part in plain["parts"].items()}
    return plain


def _set(part: Mapping[str, Any]) -> dict[str, Any]:
    from seqbench.interfaces.claims import Part

    defaults = asdict(Part(metric=""))
    return {k: v for k, v in part.items() if v != defaults[k]}
