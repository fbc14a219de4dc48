"""An answer in words: the verdict, what it rests on, and each part with its interval."""

from __future__ import annotations

import math

from seqbench.interfaces.claims import Claim, Part

from ..wording import number, several, with_interval
from .judged import FAILS, HOLDS, REFUTED, SUPPORTED, Answer, PartAnswer

STATES = {HOLDS: "holds", FAILS: "fails"}


def answer_sentence(claim: Claim, answer: Answer, evidence: str = "") -> str:
    """`"A larger beam …" is refuted on generated data, a demonstration: …`"""
    rests = f" {evidence}" if evidence else ""
    head = f"The claim “{claim.says}” is {answer.verdict}{rests}"
    if all(one.short for one in answer.parts):
        return f"{head}: {_too_few(claim, answer)}."
    parts = "; ".join(part_sentence(claim.parts[one.name], one) for one in answer.parts)
    return f"{head}: {_meaning(claim, answer)}{parts}."


def _too_few(claim: Claim, answer: Answer) -> str:
    """`it takes 3 seeds, and here is 1; run the experiment as it is, or …`"""
    short = {claim.parts[one.name].over: one for one in answer.parts}
    told = [
        f"it takes {one.takes} {unit}s, and here {'is' if one.units == 1 else 'are'} {one.units}"
        for unit, one in short.items()
    ]
    more = {"seed": "seed=0,1,2 -m", "round": f"experiment.rounds={claim.rounds}"}
    asked = " and ".join(more[unit] for unit in short)
    return f"{' and '.join(told)}; run the experiment as it is, or with {asked}"


def _meaning(claim: Claim, answer: Answer) -> str:
    words = {SUPPORTED: claim.supported, REFUTED: claim.refuted}.get(answer.verdict, "")
    return f"{words} — " if words else ""


def part_sentence(part: Part, one: PartAnswer) -> str:
    """`gain in bleu 0.52 [-0.8, 1.9] over 3 seeds, at least 1 was asked: open`"""
    name = one.name.replace("_", " ")
    if math.isnan(one.value):
        return f"{name}: open, {one.reason or 'no value'}"
    told = with_interval(one.value, *one.interval)
    asked = f"at least {number(part.at_least)}" if part.at_least is not None else ""
    asked = f"at most {number(part.at_most)}" if part.at_most is not None else asked
    units = several(one.units, part.over)
    text = f"{name}: {EFFECT[part.effect]}{part.metric} {told} over {units}, asked {asked}"
    text += f", {STATES.get(one.state, 'open')}"
    return f"{text} ({one.reason})" if one.reason else text


EFFECT = {
    "level": "",
    "difference": "difference of ",
    "ratio": "ratio of ",
    "exponent": "exponent of ",
    "slope": "slope of ",
    "r_squared": "R² of ",
}
