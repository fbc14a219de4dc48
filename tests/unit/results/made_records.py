"""Records made for tests: beam widths with sentence statistics, cells with times."""

from __future__ import annotations

import json

import numpy as np

from seqbench.interfaces import Sample, TrialRecord

SIGNATURE = "nrefs:1|case:mixed|eff:no|tok:none|smooth:exp|version:seqbench-0.1.0"


def record(key, **changes):
    values = {
        "trial_key": key,
        "case_id": f"case-{key}",
        "experiment": "made",
        "task": "task",
        "params": {},
        "swept": [],
        "seed": 0,
        "round": 0,
        "status": "done",
    }
    return TrialRecord(**{**values, **changes})


def statistics(hits, total=400, sentences=40):
    """Statistics of `sentences` sentences of `total / sentences` words, `hits` of them right.

    The words that are right come first, so that a larger `hits` is better in some sentences and
    equal in the others.
    """
    length = total // sentences
    right = np.clip(hits - length * np.arange(sentences), 0, length)
    matches = np.stack([np.maximum(right - n, 0) for n in range(4)], axis=1)
    totals = np.tile(np.maximum(length - np.arange(4), 0), (sentences, 1))
    return {
        "bleu_matches": matches.tolist(),
        "bleu_totals": totals.tolist(),
        "hypothesis_lengths": [length] * sentences,
        "reference_lengths": [length] * sentences,
    }


def bleu_of(items):
    """By the model's own scorer, not by the module under test."""
    from seqbench.models.bleu_score import Smoothing, bleu_score

    counts = [np.sum(items[name], axis=0).tolist() for name in ("bleu_matches", "bleu_totals")]
    lengths = [sum(items[name]) for name in ("hypothesis_lengths", "reference_lengths")]
    return bleu_score(*counts, *lengths, smoothing=Smoothing("exp")).score


def beam(width, hits, *, round=0, seed=0, speed=None, memory=None, items=True, cell="gru", **more):
    """A done trial of the beam experiment; `more` changes the record."""
    kept = statistics(hits)
    values = {
        "case_id": f"{cell}-{width}-{seed}",
        "experiment": "beam_width_bleu",
        "task": "translate",
        "params": {"decoder": {"width": width}, "cell": {"name": cell}},
        "swept": ["decoder.width"],
        "round": round,
        "seed": seed,
        "samples": [
            Sample("bleu", bleu_of(kept), "BLEU", "higher", "decode"),
            Sample("tokens_per_s", speed or 1000.0 / width, "token/s", "higher", "decode"),
            Sample("peak_memory", memory or 1e6 * width, "B", "lower", "decode"),
        ],
        "items": kept if items else {},
        "kernel_impl": "numpy.beam_select",
        "signature": SIGNATURE,
        "group": f"translate.round{round}@1",
    }
    return record(f"{cell}-{width}-{seed}-{round}", **{**values, **more})


def lost_beam(width, status="oom", **more):
    return beam(width, 0, status=status, samples=[], items={}, error="it does not fit", **more)


def cell(name, size, backend, times, *, round=0, flops=1.0, memory=1e6, **more):
    """A done trial of cell_cost with these times forward and backward."""
    phase = "forward_backward"
    timed = [Sample("time", t, "s", "lower", phase, n) for n, t in enumerate(times)]
    values = {
        "case_id": f"{name}-{size}-{backend}",
        "experiment": "cell_cost",
        "task": "cell_cost",
        "params": {"cell": {"name": name, "hidden_size": size}, "backend": {"name": backend}},
        "swept": ["cell.name", "backend.name", "cell.hidden_size"],
        "round": round,
        "gate": "pass",
        "samples": [
            *timed,
            Sample("flops", flops, "FLOP", "lower", phase),
            Sample("peak_memory", memory, "B", "lower", phase),
            Sample("gemm_float32", 100.0 + round, "GFLOP/s", "none", "ceiling"),
        ],
        "kernel_impl": f"{backend}.{name}",
        "group": "cell_cost@1",
    }
    return record(f"{name}-{size}-{backend}-{round}", **{**values, **more})


def written(folder, records, plan=True):
    """A campaign's folder with these records."""
    (folder / "trials").mkdir(parents=True)
    for one in records:
        (folder / "trials" / f"{one.trial_key}.json").write_text(json.dumps(one.to_json()))
    if plan:
        trials = [{"trial_key": one.trial_key} for one in records]
        (folder / "plan.json").write_text(json.dumps({"trials": trials, "skipped": []}))
    return folder
