"""The answers of record: `results/claims/<id>[_quick]`, and the page docs/claims.md made of them.

    python tests/docs/claim_page.py keep CAMPAIGN NAME   # copies what a campaign's answer rests on
    python tests/docs/claim_page.py                      # writes the page

NAME is the experiment's id, with `_quick` for embedded data at size=quick. Every answer on the
page is judged anew from the numbers in claim.json, and a test fails where page, claim or config
disagree.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqbench.results.claims import CLAIM, Kept, part_sentence, read_answer

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "results" / "claims"
PAGE = ROOT / "docs" / "claims.md"
KEPT = ("summary.csv", "provenance.json", CLAIM)
PLOT = "plot.svg"
HEAD = """# The claims, and what came of them

The notes on sequence models make claims. Each is an experiment (`seqbench run experiment=NAME`),
with its claim fixed in its config before its first full run: which metric, which contrast, which
margin, how many seeds. The answer is a function of the rows: *supported* where every part's whole
interval lies on the asked side, *refuted* where one part's lies on the other (corrected for the
number of parts), else *undecided on this evidence*. Answers on embedded data are demonstrations;
where real data were run, they give the headline. A number without an interval is the same for every
seed, as what is computed of one given set of word vectors is: it says nothing of other vectors.

This page is made from `results/claims/` by `python tests/docs/claim_page.py`.
"""


@dataclass(frozen=True)
class Recorded:
    """One answer of record: `name` is its folder's, `E03` or `E03_quick`."""

    name: str
    kept: Kept
    commit: str

    @property
    def id(self) -> str:
        return self.name.partition("_")[0]

    @property
    def quick(self) -> bool:
        return self.name.endswith("_quick")

    @property
    def plotted(self) -> bool:
        return (RECORD / self.name / PLOT).exists()


def recorded() -> list[Recorded]:
    """Of every experiment, real data before embedded."""
    folders = sorted(path.parent for path in RECORD.glob(f"*/{CLAIM}"))
    found = [
        Recorded(folder.name, read_answer(folder / CLAIM), _commit(folder)) for folder in folders
    ]
    return sorted(found, key=lambda one: (one.id, one.quick, one.name))


def _commit(folder: Path) -> str:
    provenance = json.loads((folder / "provenance.json").read_text())
    commits = {_id(one) for one in provenance.values() if isinstance(one, dict)}
    return ", ".join(sorted(commit[:12] for commit in commits if commit))


def _id(provenance: dict[str, Any]) -> str:
    commit = provenance.get("commit") or {}
    return str(commit.get("id", "")) + ("+" if commit.get("dirty") else "")


def page(found: list[Recorded]) -> str:
    return "\n".join([HEAD, _table(found), *(_section(one) for one in found)])


def _table(found: list[Recorded]) -> str:
    """One line an experiment: its headline answer."""
    headlines = {one.id: one for one in reversed(found)}
    lines = ["| | experiment | claim | answer | rests on |", "|---|---|---|---|---|"]
    for key in sorted(headlines):
        one = headlines[key]
        kept = one.kept
        lines.append(
            f"| {key} | `{kept.experiment}` | {kept.claim.says} | **{kept.answer.verdict}** | "
            f"{kept.rests_on.removeprefix('on ')} |"
        )
    return "\n".join(lines) + "\n"


def _section(one: Recorded) -> str:
    kept, answer = one.kept, one.kept.answer
    words = {"supported": kept.claim.supported, "refuted": kept.claim.refuted}
    meaning = words.get(answer.verdict, "")
    lines = [
        f"## {one.name}: {kept.claim.says}",
        "",
        f"**{answer.verdict.capitalize()}** {kept.rests_on}{f': {meaning}' if meaning else ''}.",
        "",
        *(f"- {part_sentence(kept.claim.parts[part.name], part)}" for part in answer.parts),
        "",
        f"`results/claims/{one.name}/`, commit {one.commit or 'unknown'}.",
        "",
    ]
    if one.plotted:
        lines += [f"![{kept.experiment}](../results/claims/{one.name}/{PLOT})", ""]
    return "\n".join(lines)


def keep(campaign: Path, name: str) -> Path:
    """Copy what an answer rests on, and its plot, into `results/claims/<name>`."""
    target = RECORD / name
    target.mkdir(parents=True, exist_ok=True)
    for file in KEPT:
        shutil.copyfile(campaign / file, target / file)
    if (campaign / PLOT).exists():
        shutil.copyfile(campaign / PLOT, target / PLOT)
    return target


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "keep":
        print(f"kept: {keep(Path(sys.argv[2]), sys.argv[3])}")
    else:
        PAGE.write_text(page(recorded()), encoding="utf-8")
        print(f"written: {PAGE}")
